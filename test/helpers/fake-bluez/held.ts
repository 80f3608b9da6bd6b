import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { BluetoothBench } from "./bench.js";
import type { FakeMeter } from "./fake-meter.js";
import { CONTROL, MEASUREMENT, REPORT_ALL } from "./scratch-meter.js";

/** What a process and its client hold. */
export interface Held {
  /** Of the tree of objects. */
  readonly listeners: number;
  readonly waitingCalls: number;
  readonly openMeters: number;
  /** Subscriptions that BlueZ keeps. */
  readonly sessions: number;
  /** Open file descriptors of this process. */
  readonly files: number;
  /** After everything that nobody holds was collected, bytes. */
  readonly heapBytes: number;
}

/** Counts it, when nothing is under way. */
export async function held({ bluez, bluetooth }: BluetoothBench): Promise<Held> {
  await bluez.round();
  await bluez.round();
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  // Twice, as finalisers may let more go.
  for (let time = 0; time < 2; time += 1) if (typeof collect === "function") collect();
  return {
    ...bluetooth.use(),
    sessions: bluez.meters.reduce((sum, meter) => sum + meter.sessions, 0),
    files: readdirSync("/proc/self/fd").length,
    heapBytes: process.memoryUsage().heapUsed,
  };
}

/** Connects, subscribes, reads everything and closes, so many times; every fourth link is lost instead of closed. */
export async function reconnect({ bluetooth }: BluetoothBench, meter: FakeMeter, times: number): Promise<number> {
  let records = 0;
  for (let time = 0; time < times; time += 1) {
    const transport = await bluetooth.open(meter.port);
    await transport.subscribe(MEASUREMENT);
    await transport.subscribe(CONTROL);
    await transport.write(CONTROL, REPORT_ALL);
    for (;;) {
      const { from } = await transport.next();
      if (from.characteristic === CONTROL.characteristic) break;
      records += 1;
    }
    if (time % 4 === 3) meter.drop();
    await transport.close();
  }
  return records;
}
