import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import { held, reconnect } from "../../../test/helpers/fake-bluez/held.js";
import { hasDbusDaemon } from "../../../test/helpers/fake-bluez/private-bus.js";
import { scratchMeter } from "../../../test/helpers/fake-bluez/scratch-meter.js";

/** What the heap may have grown by after 1,000 reconnections, bytes: 1 kB each; it goes up and down by a third of that. */
const SLACK_BYTES = 1_000_000;

let bench: BluetoothBench;

beforeEach(async () => {
  if (hasDbusDaemon()) bench = await bluetoothBench();
});

afterEach(async () => {
  if (hasDbusDaemon()) await bench.dispose();
});

describe.skipIf(!hasDbusDaemon())("a thousand connections", () => {
  test("leave no listener, call, subscription, file or memory behind", { timeout: 120_000 }, async () => {
    const meter = bench.bluez.addMeter(scratchMeter({ count: 3 }), {
      address: "C0:FF:EE:00:00:01",
      paired: true,
      advertising: true,
    });
    const controller = new AbortController();
    const watching = bench.bluetooth.watch(() => undefined, controller.signal);
    await until(() => bench.bluez.discovering);
    // What is made once, on first use, is no leak.
    expect(await reconnect(bench, meter, 300)).toBe(900);
    await until(() => bench.bluez.discovering);
    const before = await held(bench);
    expect(await reconnect(bench, meter, 1_000)).toBe(3_000);
    await until(() => bench.bluez.discovering);
    const after = await held(bench);
    console.info("1,000 reconnections, before and after:", before, after);
    const { heapBytes: heapBefore, ...countsBefore } = before;
    const { heapBytes: heapAfter, ...countsAfter } = after;
    expect(countsAfter).toEqual(countsBefore);
    expect(countsAfter).toMatchObject({ waitingCalls: 0, openMeters: 0, sessions: 0 });
    expect(heapAfter - heapBefore).toBeLessThan(SLACK_BYTES);
    controller.abort();
    await watching;
  });

  test("to the bus leave no file behind either", { timeout: 60_000 }, async () => {
    const meter = bench.bluez.addMeter(scratchMeter({ count: 1 }), { address: "C0:FF:EE:00:00:01", paired: true });
    await reconnect(bench, meter, 1);
    const before = await held(bench);
    for (let time = 0; time < 20; time += 1) {
      await bench.bluez.vanish();
      await bench.bluez.appear();
      while (!(await bench.bluetooth.state()).bluez) await bench.bluez.round();
      await reconnect(bench, meter, 1);
    }
    const after = await held(bench);
    expect({ ...after, heapBytes: 0 }).toEqual({ ...before, heapBytes: 0 });
  });
});
