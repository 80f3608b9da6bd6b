import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import type { FakeMeter } from "../../../test/helpers/fake-bluez/fake-meter.js";
import { hasDbusDaemon } from "../../../test/helpers/fake-bluez/private-bus.js";
import { scratchMeter } from "../../../test/helpers/fake-bluez/scratch-meter.js";
import { VirtualClock } from "../../kit/virtual-clock.js";
import type { Attachment } from "../attachments.js";
import { CONNECT_MS, REACH_MS } from "./limits.js";

const FIRST = "C0:FF:EE:00:00:01";
const SECOND = "C0:FF:EE:00:00:02";

let bench: BluetoothBench;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock(Date.parse("2026-03-05T12:00:00Z"));
  if (hasDbusDaemon()) bench = await bluetoothBench({ clock });
});

afterEach(async () => {
  if (hasDbusDaemon()) await bench.dispose();
});

function add(address: string, options: { name?: string; paired?: boolean; advertising?: boolean } = {}): FakeMeter {
  const { name = "scratch", ...rest } = options;
  return bench.bluez.addMeter(scratchMeter({ count: 3, name }), { address, ...rest });
}

/** Everything that a watch tells, until the test is over. */
function watched(): { readonly told: (readonly Attachment[])[]; ports(): string[]; stop(): Promise<void> } {
  const told: (readonly Attachment[])[] = [];
  const controller = new AbortController();
  const done = bench.bluetooth.watch((list) => void told.push(list), controller.signal);
  onTestFinished(() => controller.abort());
  return {
    told,
    ports: () => (told.at(-1) ?? []).map(({ port }) => port),
    stop: async () => {
      controller.abort();
      await done;
    },
  };
}

/** Time goes by, the meters that advertise are heard each second. */
async function pass(ms: number, advertising: readonly FakeMeter[] = []): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    clock.advance(1_000);
    for (const meter of advertising) meter.advertise();
    await bench.bluez.round();
    await bench.bluez.round();
  }
}

describe.skipIf(!hasDbusDaemon())("watching for meters", () => {
  test("tells an empty list first, and then who advertises, with name, services and bond", async () => {
    add(FIRST, { paired: true });
    add(SECOND, { name: "other" });
    const { told, ports } = watched();
    await until(() => ports().length === 2);
    expect(told[0]).toEqual([]);
    const common = { transport: "ble", usb: null, virtual: false };
    expect(told.at(-1)).toEqual([
      {
        ...common,
        port: "ble:C0:FF:EE:00:00:01",
        ble: { address: FIRST, name: "scratch", services: ["1808"], paired: true },
      },
      {
        ...common,
        port: "ble:C0:FF:EE:00:00:02",
        ble: { address: SECOND, name: "other", services: ["1808"], paired: false },
      },
    ]);
  });

  test("listens to Low Energy only, and to every advert", async () => {
    const { stop } = watched();
    await until(() => bench.bluez.discovering);
    expect(Object.fromEntries(bench.bluez.filter)).toEqual({ Transport: "le", DuplicateData: true });
    await stop();
    await until(() => !bench.bluez.discovering);
    expect(bench.bluez.called("Adapter1.StopDiscovery")).toBe(1);
  });

  test("keeps apart two meters of the same name", async () => {
    add(FIRST);
    add(SECOND);
    const { ports } = watched();
    await until(() => ports().length === 2);
    expect(ports()).toEqual([`ble:${FIRST}`, `ble:${SECOND}`]);
  });

  test("does not list a known meter that is not heard, and lists it as soon as it is", async () => {
    const meter = add(FIRST, { paired: true, advertising: false });
    const { ports, told } = watched();
    await until(() => bench.bluez.discovering);
    await pass(5_000);
    expect(told).toEqual([[]]);
    meter.advertising = true;
    meter.advertise();
    await until(() => ports().length === 1);
    expect(told).toHaveLength(2);
  });

  test("keeps a meter on the list while it is heard, and lets it go 20 s after its last advert", async () => {
    const meter = add(FIRST);
    const { told, ports } = watched();
    await until(() => ports().length === 1);
    await pass(60_000, [meter]);
    expect(ports()).toHaveLength(1);
    await pass(REACH_MS - 1_000);
    expect(ports()).toHaveLength(1);
    await pass(2_000);
    expect(ports()).toEqual([]);
    meter.advertise();
    await until(() => ports().length === 1);
    expect(told.map((list) => list.length)).toEqual([0, 1, 0, 1]);
  });

  test("keeps a meter on the list while it is connected, and a while longer", async () => {
    const meter = add(FIRST, { paired: true });
    const { told, ports } = watched();
    await until(() => ports().length === 1);
    const transport = await bench.bluetooth.open(meter.port);
    await pass(60_000);
    expect(ports()).toHaveLength(1);
    await transport.close();
    await pass(REACH_MS - 1_000);
    expect(ports()).toHaveLength(1);
    await pass(2_000);
    expect(told.map((list) => list.length)).toEqual([0, 1, 0]);
  });

  test("lists a meter that connected by itself", async () => {
    const meter = add(FIRST, { paired: true, advertising: false });
    const { ports } = watched();
    await until(() => bench.bluez.discovering);
    meter.connect();
    await until(() => ports().length === 1);
    expect(ports()).toEqual([meter.port]);
  });

  test("tells it when a meter is paired, and nothing when only its strength changes", async () => {
    const meter = add(FIRST);
    const { told, ports } = watched();
    await until(() => ports().length === 1);
    await pass(10_000, [meter]);
    expect(told).toHaveLength(2);
    const yes = () => Promise.resolve({ yes: true });
    await bench.bluetooth.pair(meter.port, yes, new AbortController().signal);
    await until(() => told.length === 3);
    expect(told.map(([first]) => first?.ble?.paired)).toEqual([undefined, false, true]);
  });

  test("does not listen while it connects, and listens on afterwards", async () => {
    const meter = add(FIRST, { paired: true });
    watched();
    await until(() => bench.bluez.discovering);
    let discovering: boolean | null = null;
    const connect = meter.connect.bind(meter);
    meter.connect = () => {
      discovering = bench.bluez.discovering;
      connect();
    };
    await bench.bluetooth.open(meter.port);
    expect(discovering).toBe(false);
    await until(() => bench.bluez.discovering);
  });

  test("lets nobody go for silence while nobody listens, as another meter is being connected", async () => {
    const meter = add(FIRST, { paired: true });
    const other = add(SECOND);
    const { ports, told } = watched();
    await until(() => ports().length === 2);
    meter.faults.silent.add("Connect");
    const opening = bench.bluetooth.open(meter.port);
    opening.catch(() => undefined);
    await until(() => bench.bluez.called("Device1.Connect") === 1);
    await pass(CONNECT_MS - 1_000);
    expect(ports()).toHaveLength(2);
    other.advertising = false;
    await pass(2_000);
    await expect(opening).rejects.toMatchObject({ context: { reason: "slow" } });
    await until(() => bench.bluez.discovering);
    await pass(REACH_MS - 4_000);
    expect(ports()).toHaveLength(2);
    await pass(8_000, [meter]);
    expect(ports()).toEqual([meter.port]);
    const lengths = told.map((list) => list.length);
    expect(lengths.slice(lengths.indexOf(2))).toEqual([2, 1]);
  });

  test("lets a meter go that is connected to in vain again and again: the time between the tries counts against it", async () => {
    const meter = add(FIRST, { paired: true });
    const { ports } = watched();
    await until(() => ports().length === 1);
    meter.advertising = false;
    meter.faults.silent.add("Connect");
    let tries = 0;
    while (ports().length > 0 && tries < 10) {
      tries += 1;
      const opening = bench.bluetooth.open(meter.port);
      opening.catch(() => undefined);
      await until(() => bench.bluez.called("Device1.Connect") === tries);
      await pass(CONNECT_MS + 1_000);
      await expect(opening).rejects.toMatchObject({ code: "TRANSPORT_OPEN" });
      await until(() => bench.bluez.discovering);
      await pass(REACH_MS / 4);
    }
    expect(ports()).toEqual([]);
    expect(tries).toBeLessThan(10);
  });

  test("rejects with what its listener throws, and stops listening", async () => {
    const watching = bench.bluetooth.watch(() => {
      throw new Error("no more");
    }, new AbortController().signal);
    await expect(watching).rejects.toThrow("no more");
    await bench.bluetooth.close();
    expect(bench.bluez.discovering).toBe(false);
  });
});

describe.skipIf(!hasDbusDaemon())("the adapter", () => {
  test("is switched on when somebody watches", async () => {
    bench.bluez.setAdapter("off");
    add(FIRST);
    const { ports } = watched();
    await until(() => ports().length === 1);
    expect(bench.bluez.adapter).toBe("on");
    expect((await bench.bluetooth.state()).trouble).toBeNull();
  });

  test("that can't be switched on is said to be so, and tried again", async () => {
    bench.bluez.setAdapter("off");
    bench.bluez.powerFails = "Blocked through rfkill";
    add(FIRST);
    const { ports } = watched();
    await until(() => bench.bluez.called("Properties.Set") === 1);
    await bench.bluez.round();
    const { trouble, adapters } = await bench.bluetooth.state();
    expect(trouble).toContain("rfkill");
    expect(adapters).toEqual([{ name: "hci0", address: "00:1A:7D:DA:71:13", powered: false }]);
    bench.bluez.powerFails = null;
    await pass(2_000);
    await until(() => ports().length === 1);
    expect((await bench.bluetooth.state()).trouble).toBeNull();
  });

  test("that somebody switches off stays off, and whoever was in reach has left", async () => {
    add(FIRST);
    const { ports } = watched();
    await until(() => ports().length === 1);
    bench.bluez.setAdapter("off");
    await until(() => ports().length === 0);
    await pass(120_000);
    expect(bench.bluez.adapter).toBe("off");
    expect((await bench.bluetooth.state()).trouble).toContain("switched it off");
    bench.bluez.setAdapter("on");
    await until(() => ports().length === 1);
  });

  test("that is missing is waited for", async () => {
    bench.bluez.setAdapter(null);
    add(FIRST);
    const { told, ports } = watched();
    await bench.bluetooth.state();
    expect((await bench.bluetooth.state()).trouble).toContain("no Bluetooth adapter");
    expect(told).toEqual([[]]);
    bench.bluez.setAdapter("on");
    await until(() => ports().length === 1);
  });
});
