import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import { hasDbusDaemon } from "../../../test/helpers/fake-bluez/private-bus.js";
import { FEATURE, MEASUREMENT, scratchMeter } from "../../../test/helpers/fake-bluez/scratch-meter.js";
import { VirtualClock } from "../../kit/virtual-clock.js";
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from "./limits.js";

const ADDRESS = "C0:FF:EE:00:00:01";
const PORT = `ble:${ADDRESS}`;

let bench: BluetoothBench;
let clock: VirtualClock;
let lists: number[];
let watching: Promise<void>;
let controller: AbortController;

beforeEach(async () => {
  if (!hasDbusDaemon()) return;
  clock = new VirtualClock(Date.parse("2026-03-05T12:00:00Z"));
  bench = await bluetoothBench({ clock });
  bench.bluez.addMeter(scratchMeter({ count: 3, passkey: 4_711 }), { address: ADDRESS, paired: true });
  lists = [];
  controller = new AbortController();
  watching = bench.bluetooth.watch((list) => void lists.push(list.length), controller.signal);
  await until(() => lists.at(-1) === 1);
});

afterEach(async () => {
  if (!hasDbusDaemon()) return;
  controller.abort();
  await watching;
  await bench.dispose();
});

describe.skipIf(!hasDbusDaemon())("when BlueZ is restarted", () => {
  test("the list is empty, and filled again by the new one, without any time going by", async () => {
    await bench.bluez.vanish();
    await until(() => lists.at(-1) === 0);
    await bench.bluez.appear();
    await until(() => lists.at(-1) === 1);
    expect(lists).toEqual([0, 1, 0, 1]);
    expect((await bench.bluetooth.open(PORT)).kind).toBe("ble");
  });

  test("an open meter is gone, whatever waits for it", async () => {
    const transport = await bench.bluetooth.open(PORT);
    await transport.subscribe(MEASUREMENT);
    const next = transport.next();
    next.catch(() => undefined);
    bench.bluez.silent.add("ReadValue");
    const reading = transport.readValue(FEATURE);
    reading.catch(() => undefined);
    await until(() => bench.bluez.called("GattCharacteristic1.ReadValue") === 1);
    await bench.bluez.vanish();
    await expect(next).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(reading).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await transport.close();
    expect(bench.bluetooth.use()).toMatchObject({ openMeters: 0, waitingCalls: 0 });
  });

  test("what is being opened says so", async () => {
    bench.bluez.silent.add("Connect");
    const opening = bench.bluetooth.open(PORT);
    opening.catch(() => undefined);
    await until(() => bench.bluez.called("Device1.Connect") === 1);
    await bench.bluez.vanish();
    await expect(opening).rejects.toMatchObject({ code: "BLUETOOTH_MISSING" });
    expect(bench.bluetooth.use().openMeters).toBe(0);
  });

  test("what is being paired says so, and its question is taken back", async () => {
    const other = bench.bluez.addMeter(scratchMeter({ count: 1, passkey: 1 }), { address: "C0:FF:EE:00:00:02" });
    let asked: AbortSignal | null = null;
    const pairing = bench.bluetooth.pair(
      other.port,
      (_, signal) => {
        asked = signal;
        return new Promise(() => undefined);
      },
      new AbortController().signal,
    );
    pairing.catch(() => undefined);
    await until(() => asked !== null);
    await bench.bluez.vanish();
    await expect(pairing).rejects.toMatchObject({ code: "BLUETOOTH_MISSING" });
    expect(asked).toMatchObject({ aborted: true });
    expect(other.paired).toBe(false);
  });
});

describe.skipIf(!hasDbusDaemon())("when the bus goes away", () => {
  test("the list is empty, and filled again when bus and BlueZ are back", async () => {
    const transport = await bench.bluetooth.open(PORT);
    const next = transport.next();
    next.catch(() => undefined);
    await bench.bus.kill();
    await expect(next).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await until(() => lists.at(-1) === 0);
    await bench.bluez.vanish();
    await bench.bus.start();
    await bench.bluez.appear();
    const calls = bench.bluez.called("ObjectManager.GetManagedObjects");
    await until(() => clock.nextDue() !== null);
    clock.advance(FIRST_PAUSE_MS);
    await until(() => bench.bluez.called("ObjectManager.GetManagedObjects") > calls);
    await until(() => lists.at(-1) === 1);
    expect((await bench.bluetooth.open(PORT)).kind).toBe("ble");
  });

  test("it is looked for with pauses that grow to a minute", async () => {
    const mark = clock.count;
    const from = clock.now();
    await bench.bus.kill();
    await bench.bluez.vanish();
    const pauses: number[] = [];
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      pauses.push(ms);
      return sleep(ms, signal);
    };
    await until(() => clock.count > mark);
    while (clock.now() - from < 300_000) {
      clock.advance(1_000);
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
    // Of the bus's own limit for letting us in, and of the watch's look, the others.
    const grown = pauses.filter((ms) => [1, 2, 4, 8, 16, 32, 60].includes(ms / 1_000));
    expect(grown.length).toBeLessThan(12);
    expect(Math.max(...grown)).toBe(LONGEST_PAUSE_MS);
  });

  test("a call is answered at once, though the pause is long", async () => {
    await bench.bus.kill();
    await until(() => lists.at(-1) === 0);
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({
      code: "BLUETOOTH_MISSING",
      context: { reason: "bus" },
    });
    await bench.bluez.vanish();
    await bench.bus.start();
    await bench.bluez.appear();
    expect(await bench.bluetooth.state()).toMatchObject({ bus: true, bluez: true });
  });
});
