import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import type { FakeMeter } from "../../../test/helpers/fake-bluez/fake-meter.js";
import { hasDbusDaemon } from "../../../test/helpers/fake-bluez/private-bus.js";
import {
  CONTROL,
  FEATURE,
  MEASUREMENT,
  REPORT_ALL,
  scratchMeter,
} from "../../../test/helpers/fake-bluez/scratch-meter.js";
import { silentLog } from "../../domain/clock.js";
import { VirtualClock } from "../../kit/virtual-clock.js";
import { connectBluetooth } from "./bluetooth.js";
import {
  ATTRIBUTE_MS,
  BUS_MS,
  CALL_MS,
  CONNECT_MS,
  FIRST_PAUSE_MS,
  PAIR_MS,
  SEARCH_MS,
  SERVICES_MS,
} from "./limits.js";

const ADDRESS = "C0:FF:EE:00:00:01";
const PORT = `ble:${ADDRESS}`;
const never = new AbortController().signal;
const yes = () => Promise.resolve({ digits: "004711", yes: true });

let bench: BluetoothBench;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock(Date.parse("2026-03-05T12:00:00Z"));
  if (hasDbusDaemon()) bench = await bluetoothBench({ clock });
});

afterEach(async () => {
  if (!hasDbusDaemon()) return;
  bench.bluez.silent.clear();
  await bench.dispose();
});

const add = (paired = true): FakeMeter =>
  bench.bluez.addMeter(scratchMeter({ count: 3, passkey: 4_711 }), { address: ADDRESS, paired });

/** Round trips without a new call behind which nothing is under way but what is never answered. */
const IDLE_ROUNDS = 25;

/** Lets the time go on whenever nothing else does, until the work is over. */
async function pumped<T>(work: Promise<T>): Promise<T> {
  let over = false;
  const ended = (): void => {
    over = true;
  };
  work.then(ended, ended);
  const calls = (): number => [...bench.bluez.calls.values()].reduce((sum, count) => sum + count, 0);
  for (let idle = 0, seen = calls(); !over; idle += 1) {
    await bench.bluez.round();
    if (calls() > seen) idle = 0;
    seen = calls();
    if (idle < IDLE_ROUNDS) continue;
    clock.advanceToNext();
    idle = 0;
  }
  return await work;
}

describe.skipIf(!hasDbusDaemon())("an attribute that a meter never answers about", () => {
  test.each([
    ["StartNotify", async (port: string) => await (await bench.bluetooth.open(port)).subscribe(MEASUREMENT)],
    ["ReadValue", async (port: string) => await (await bench.bluetooth.open(port)).readValue(FEATURE)],
    ["WriteValue", async (port: string) => await (await bench.bluetooth.open(port)).write(CONTROL, REPORT_ALL)],
  ] as const)("ends the link after its time: %s", async (member, act) => {
    const meter = add();
    meter.faults.silent.add(member);
    const from = clock.now();
    const acting = act(PORT);
    acting.catch(() => undefined);
    await until(() => bench.bluez.called(`GattCharacteristic1.${member}`) === 1);
    clock.advance(ATTRIBUTE_MS - 1);
    await bench.bluez.round();
    expect(meter.connected).toBe(true);
    clock.advance(1);
    await expect(acting).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    expect(clock.now() - from).toBe(ATTRIBUTE_MS);
    await until(() => !meter.connected);
    await until(() => bench.bluetooth.use().waitingCalls === 0);
  });

  test("holds up what was asked behind it, and both end", async () => {
    const meter = add();
    const transport = await bench.bluetooth.open(PORT);
    meter.faults.silent.add("ReadValue");
    const first = transport.readValue(FEATURE);
    first.catch(() => undefined);
    const second = transport.write(CONTROL, REPORT_ALL);
    second.catch(() => undefined);
    await until(() => bench.bluez.called("GattCharacteristic1.ReadValue") === 1);
    await bench.bluez.round();
    expect(bench.bluez.called("GattCharacteristic1.WriteValue")).toBe(0);
    clock.advance(ATTRIBUTE_MS);
    await expect(first).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(second).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    expect(bench.bluez.called("GattCharacteristic1.WriteValue")).toBe(0);
  });

  test("may be given up by who asked; what they ask next waits for it", async () => {
    const meter = add();
    const transport = await bench.bluetooth.open(PORT);
    meter.faults.silent.add("ReadValue");
    const controller = new AbortController();
    const first = transport.readValue(FEATURE, controller.signal);
    first.catch(() => undefined);
    await until(() => bench.bluez.called("GattCharacteristic1.ReadValue") === 1);
    controller.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    const second = transport.write(CONTROL, REPORT_ALL);
    second.catch(() => undefined);
    await bench.bluez.round();
    expect(bench.bluez.called("GattCharacteristic1.WriteValue")).toBe(0);
    await transport.close();
    await expect(second).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
  });
});

describe.skipIf(!hasDbusDaemon())("a subscription that BlueZ kept for us over a lost link", () => {
  test("is made anew, as only that reaches the meter", async () => {
    const meter = add();
    const transport = await bench.bluetooth.open(PORT);
    await transport.subscribe(MEASUREMENT);
    meter.faults.silent.add("StopNotify");
    meter.drop();
    await expect(transport.next()).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await pumped(transport.close());
    expect(meter.sessions).toBe(1);
    meter.faults.silent.clear();
    const again = await bench.bluetooth.open(PORT);
    await again.subscribe(MEASUREMENT);
    await again.write(CONTROL, REPORT_ALL);
    expect((await again.next()).from).toEqual(MEASUREMENT);
    // The first, the one that was declined, and the one behind the end of the old one.
    expect(bench.bluez.called("GattCharacteristic1.StartNotify")).toBe(3);
    expect(meter.sessions).toBe(1);
  });
});

describe.skipIf(!hasDbusDaemon())("what never ends by itself", () => {
  test("a connection: is given up, and cancelled", async () => {
    const meter = add();
    meter.faults.silent.add("Connect");
    const opening = bench.bluetooth.open(PORT);
    opening.catch(() => undefined);
    await until(() => bench.bluez.called("Device1.Connect") === 1);
    clock.advance(CONNECT_MS);
    await expect(opening).rejects.toMatchObject({ code: "TRANSPORT_OPEN", context: { reason: "slow" } });
    expect(bench.bluez.called("Device1.Disconnect")).toBe(1);
  });

  test("the services of a meter: the connection is given up", async () => {
    const meter = add();
    meter.faults.servicesHidden = true;
    const opening = bench.bluetooth.open(PORT);
    opening.catch(() => undefined);
    await until(() => meter.connected);
    await bench.bluez.round();
    await bench.bluez.round();
    clock.advance(SERVICES_MS);
    await expect(opening).rejects.toMatchObject({ code: "TRANSPORT_OPEN", context: { reason: "slow" } });
    expect(meter.connected).toBe(false);
  });

  test("a pairing: is cancelled", async () => {
    const meter = add(false);
    meter.faults.silent.add("Pair");
    const pairing = bench.bluetooth.pair(PORT, yes, never);
    pairing.catch(() => undefined);
    await until(() => bench.bluez.called("Device1.Pair") === 1);
    clock.advance(PAIR_MS);
    await expect(pairing).rejects.toMatchObject({ code: "PAIRING_FAILED", context: { reason: "timeout" } });
    expect(bench.bluez.called("Device1.CancelPairing")).toBe(1);
  });

  test("the search for a meter that is to be paired: it keeps its bond", async () => {
    const meter = add();
    meter.advertising = false;
    const pairing = bench.bluetooth.pair(PORT, yes, never);
    pairing.catch(() => undefined);
    await until(() => bench.bluez.discovering);
    await bench.bluez.round();
    clock.advance(SEARCH_MS);
    await expect(pairing).rejects.toMatchObject({ code: "TRANSPORT_OPEN", context: { reason: "missing" } });
    expect(meter.paired).toBe(true);
    await until(() => !bench.bluez.discovering);
  });

  test("BlueZ's list of objects: is asked for again", async () => {
    add();
    bench.bluez.silent.add("GetManagedObjects");
    const asking = bench.bluetooth.state();
    await until(() => bench.bluez.called("ObjectManager.GetManagedObjects") === 1);
    clock.advance(CALL_MS);
    expect(await asking).toMatchObject({ bus: true, bluez: false });
    bench.bluez.silent.clear();
    await bench.bluez.round();
    clock.advance(FIRST_PAUSE_MS);
    await until(() => bench.bluez.called("ObjectManager.GetManagedObjects") === 2);
    await bench.bluez.round();
    expect(await bench.bluetooth.state()).toMatchObject({ bus: true, bluez: true });
  });

  test("a bus that takes the connection and says nothing: is given up, with its socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "glucohub-mute-"));
    const server = createServer();
    let open = 0;
    server.on("connection", (socket) => {
      open += 1;
      socket.on("close", () => {
        open -= 1;
      });
      socket.on("error", () => undefined);
      socket.resume();
    });
    server.listen(join(folder, "bus"));
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const mute = await connectBluetooth({ clock, log: silentLog, busAddress: `unix:path=${join(folder, "bus")}` });
    const opening = mute.open(PORT);
    opening.catch(() => undefined);
    await until(() => open === 1);
    clock.advance(BUS_MS);
    await expect(opening).rejects.toMatchObject({ code: "BLUETOOTH_MISSING", context: { reason: "bus" } });
    await until(() => open === 0);
    await mute.close();
  });
});

/** Every method of BlueZ that we call. */
const METHODS = [
  "GetManagedObjects",
  "RegisterAgent",
  "RequestDefaultAgent",
  "UnregisterAgent",
  "SetDiscoveryFilter",
  "StartDiscovery",
  "StopDiscovery",
  "Set",
  "RemoveDevice",
  "Pair",
  "CancelPairing",
  "Connect",
  "Disconnect",
  "StartNotify",
  "StopNotify",
  "ReadValue",
  "WriteValue",
];

/** Watches, pairs, reads, breaks a pairing off, forgets and ends; which of it failed. */
async function wholeLife(): Promise<readonly string[]> {
  const controller = new AbortController();
  const watching = bench.bluetooth.watch(() => undefined, controller.signal);
  const breaking = new AbortController();
  const broken = (): Promise<never> => {
    breaking.abort(new Error("enough"));
    return new Promise(() => undefined);
  };
  const steps = {
    pair: () => bench.bluetooth.pair(PORT, yes, never),
    read: async () => {
      const transport = await bench.bluetooth.open(PORT);
      try {
        await transport.subscribe(MEASUREMENT);
        await transport.readValue(FEATURE);
        await transport.write(CONTROL, REPORT_ALL);
      } finally {
        await transport.close();
      }
    },
    broken: () => bench.bluetooth.pair(PORT, broken, breaking.signal),
    forget: () => bench.bluetooth.forget(PORT),
  };
  const failed: string[] = [];
  for (const [name, step] of Object.entries(steps)) await pumped(step().catch(() => failed.push(name)));
  controller.abort();
  await pumped(watching);
  await pumped(bench.bluetooth.close());
  return failed;
}

const called = (): string[] => [...bench.bluez.calls.keys()].map((name) => name.slice(name.indexOf(".") + 1));

describe.skipIf(!hasDbusDaemon())("a whole life", () => {
  test("calls each of these methods, and only the pairing that is broken off fails", async () => {
    add();
    expect(await wholeLife()).toEqual(["broken"]);
    expect(called().sort()).toEqual([...METHODS].sort());
    expect(bench.bluetooth.use()).toEqual({ listeners: 0, waitingCalls: 0, openMeters: 0 });
  });

  // What can't be done without the method; whatever can is done.
  test.each([
    ["GetManagedObjects", ["pair", "read", "broken", "forget"]],
    ["RegisterAgent", ["pair", "read", "broken"]],
    // BlueZ asks the agent of whoever asks for the pairing, the default one or not.
    ["RequestDefaultAgent", ["broken"]],
    ["UnregisterAgent", ["broken"]],
    ["SetDiscoveryFilter", ["pair", "broken"]],
    ["StartDiscovery", ["pair", "broken"]],
    ["StopDiscovery", ["broken"]],
    ["Set", ["pair", "broken"]],
    ["RemoveDevice", ["pair", "broken", "forget"]],
    ["Pair", ["pair", "read", "broken"]],
    ["CancelPairing", ["broken"]],
    ["Connect", ["read", "broken"]],
    ["Disconnect", ["broken"]],
    ["StartNotify", ["read", "broken"]],
    ["StopNotify", ["broken"]],
    ["ReadValue", ["read", "broken"]],
    ["WriteValue", ["read", "broken"]],
  ] as const)("with a BlueZ that never answers %s comes to its end, and leaves nothing", async (member, failing) => {
    add();
    bench.bluez.silent.add(member);
    expect(await wholeLife()).toEqual(failing);
    expect(called()).toContain(member);
    expect(METHODS).toContain(member);
    expect(bench.bluetooth.use()).toEqual({ listeners: 0, waitingCalls: 0, openMeters: 0 });
  });
});
