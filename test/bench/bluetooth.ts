import { performance } from "node:perf_hooks";
import { bluetoothBench } from "../helpers/fake-bluez/bench.js";
import { held, reconnect } from "../helpers/fake-bluez/held.js";
import { hasDbusDaemon } from "../helpers/fake-bluez/private-bus.js";
import { scratchMeter } from "../helpers/fake-bluez/scratch-meter.js";
import { percentile } from "./compare.js";
import type { Bench, Figure } from "./figure.js";

/** A full memory, records. */
const MEMORY = 1_000;
/** How often it is read; the middle counts. */
const ROUNDS = 9;
/** What reading it may take, from the connection on, milliseconds. */
const TARGET_MS = 1_000;
/** How often a meter connects and goes. */
const RECONNECTIONS = 1_000;
/** What the heap may have grown by then, MB: 1 kB a connection; it goes up and down by a third of that. */
const TARGET_MB = 1;
const ADDRESS = "C0:FF:EE:00:00:01";

/**
 * The client for BlueZ on a private bus with a stand-in for BlueZ, both in this process: 1,000 records of a Glucose
 * Service from the connection to the last `next`, and what 1,000 reconnections leave behind. Rejects if a record is
 * missing, or if listeners, calls, subscriptions or files have grown.
 */
export const benchBluetooth: Bench = async ({ say }) => {
  if (!hasDbusDaemon()) return [{ name: "bluetooth", skipped: "There is no dbus-daemon; it is in the package dbus." }];
  return [await records(), ...(await reconnections(say))];
};

async function records(): Promise<Figure> {
  const bench = await bluetoothBench();
  try {
    const meter = bench.bluez.addMeter(scratchMeter({ count: MEMORY }), { address: ADDRESS, paired: true });
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const from = performance.now();
      const read = await reconnect(bench, meter, 1);
      times.push(performance.now() - from);
      if (read !== MEMORY) throw new Error(`${MEMORY - read} records are missing`);
    }
    const ours = percentile(times, 0.5);
    const target = { of: "value", atMost: TARGET_MS } as const;
    return { name: `${MEMORY} records over the bus`, unit: "ms", ours, floor: null, ratio: null, target };
  } finally {
    await bench.dispose();
  }
}

async function reconnections(say: (line: string) => void): Promise<readonly Figure[]> {
  const bench = await bluetoothBench();
  try {
    const meter = bench.bluez.addMeter(scratchMeter({ count: 3 }), { address: ADDRESS, paired: true });
    await reconnect(bench, meter, 300);
    const before = await held(bench);
    const from = performance.now();
    await reconnect(bench, meter, RECONNECTIONS);
    const each = (performance.now() - from) / RECONNECTIONS;
    const after = await held(bench);
    say(`Before ${RECONNECTIONS} reconnections: ${JSON.stringify(before)}; after: ${JSON.stringify(after)}.`);
    const { heapBytes: heapBefore, ...counts } = before;
    const { heapBytes: heapAfter, ...countsAfter } = after;
    if (JSON.stringify(counts) !== JSON.stringify(countsAfter)) throw new Error("reconnections left something behind");
    const common = { floor: null, ratio: null } as const;
    const grown = (heapAfter - heapBefore) / 1_000_000;
    const target = { of: "value", atMost: TARGET_MB } as const;
    return [
      { name: "a connection, three records, and its end", unit: "ms", ours: each, ...common, target: null },
      { name: `heap grown by ${RECONNECTIONS} reconnections`, unit: "MB", ours: grown, ...common, target },
    ];
  } finally {
    await bench.dispose();
  }
}
