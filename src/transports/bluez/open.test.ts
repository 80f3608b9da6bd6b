import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import { hasDbusDaemon, privateBus } from "../../../test/helpers/fake-bluez/private-bus.js";
import { MODEL, scratchMeter } from "../../../test/helpers/fake-bluez/scratch-meter.js";
import { silentLog } from "../../domain/clock.js";
import { systemClock } from "../../kit/system-clock.js";
import { connectBluetooth } from "./bluetooth.js";

const ADDRESS = "C0:FF:EE:00:00:01";
const PORT = `ble:${ADDRESS}`;

let bench: BluetoothBench;

beforeEach(async () => {
  if (hasDbusDaemon()) bench = await bluetoothBench();
});

afterEach(async () => {
  if (hasDbusDaemon()) await bench.dispose();
});

const add = (options: { paired?: boolean; advertising?: boolean } = {}) =>
  bench.bluez.addMeter(scratchMeter({ count: 1 }), { address: ADDRESS, paired: true, ...options });

describe.skipIf(!hasDbusDaemon())("opening a meter", () => {
  test("takes the address in either case", async () => {
    add();
    const transport = await bench.bluetooth.open(PORT.toLowerCase());
    expect(transport.name).toBe(`scratch (${ADDRESS})`);
  });

  test.each(["ble:", "ble:C0:FF:EE", "/dev/ttyUSB0", "ble:C0:FF:EE:00:00:0G", `${PORT}:00`])(
    "is refused where the port is no address: %s",
    async (port) => {
      const refused = { code: "TRANSPORT_OPEN", context: { reason: "no-device" } };
      await expect(bench.bluetooth.open(port)).rejects.toMatchObject(refused);
    },
  );

  test("is refused for a meter that nobody has paired, unless that is allowed", async () => {
    const meter = add({ paired: false });
    const controller = new AbortController();
    const watching = bench.bluetooth.watch(() => undefined, controller.signal);
    await until(() => Object.keys(meter.objects()).length > 0);
    await bench.bluez.round();
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({ code: "METER_UNPAIRED" });
    expect(bench.bluez.called("Device1.Connect")).toBe(0);
    const transport = await bench.bluetooth.open(PORT, undefined, { mustBePaired: false });
    expect(Buffer.from(await transport.readValue(MODEL)).toString()).toBe("Scratch 1");
    controller.abort();
    await watching;
  });

  test("is refused for a meter that BlueZ does not know", async () => {
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({
      code: "TRANSPORT_OPEN",
      context: { reason: "missing" },
    });
  });

  test.each([
    ["le-connection-abort-by-local", "TRANSPORT_OPEN", "silent"],
    ["Connection timed out", "TRANSPORT_OPEN", "silent"],
    ["le-connection-refused", "TRANSPORT_OPEN", "refused"],
    ["le-connection-abort-by-remote", "TRANSPORT_OPEN", "refused"],
    ["le-connection-busy", "TRANSPORT_OPEN", "busy"],
    ["le-connection-concurrent-connection-limit", "TRANSPORT_OPEN", "busy"],
    ["le-connection-unknown", "TRANSPORT_OPEN", "other"],
    ["br-connection-key-missing", "METER_UNPAIRED", undefined],
    ["le-connection-not-powered", "BLUETOOTH_MISSING", "off"],
  ])("says why the connection failed: %s", async (said, code, reason) => {
    const meter = add();
    meter.faults.connectFails = said;
    const error = await bench.bluetooth.open(PORT).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, context: reason === undefined ? {} : { reason } });
    expect(bench.bluetooth.use().openMeters).toBe(0);
  });

  test("is refused where the meter does not advertise", async () => {
    add({ advertising: false });
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({
      code: "TRANSPORT_OPEN",
      context: { reason: "silent" },
    });
  });

  test("is refused while the meter is open already, and possible when it was closed", async () => {
    add();
    const transport = await bench.bluetooth.open(PORT);
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({ context: { reason: "busy" } });
    await transport.close();
    expect((await bench.bluetooth.open(PORT)).kind).toBe("ble");
  });

  test("takes a connection that BlueZ made by itself", async () => {
    const meter = add();
    meter.connect();
    const transport = await bench.bluetooth.open(PORT);
    expect(transport.characteristics).toHaveLength(6);
  });

  test("gives the connection up when it is aborted in the middle", async () => {
    const meter = add();
    meter.faults.servicesHidden = true;
    const controller = new AbortController();
    const opening = bench.bluetooth.open(PORT, controller.signal);
    await until(() => meter.connected);
    controller.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
    await until(() => !meter.connected);
    expect(bench.bluetooth.use().openMeters).toBe(0);
  });

  test("says that the meter hung up while it told its services", async () => {
    const meter = add();
    meter.faults.servicesHidden = true;
    const opening = bench.bluetooth.open(PORT);
    await until(() => meter.connected);
    meter.drop();
    await expect(opening).rejects.toMatchObject({ code: "TRANSPORT_OPEN", context: { reason: "refused" } });
  });

  test("opens two meters of the same name at once, each with its own notices", async () => {
    add();
    bench.bluez.addMeter(scratchMeter({ count: 1 }), { address: "C0:FF:EE:00:00:02", paired: true });
    const both = await Promise.all([bench.bluetooth.open(PORT), bench.bluetooth.open("ble:C0:FF:EE:00:00:02")]);
    expect(both.map(({ name }) => name)).toEqual([`scratch (${ADDRESS})`, "scratch (C0:FF:EE:00:00:02)"]);
    expect(bench.bluetooth.use().openMeters).toBe(2);
  });
});

describe.skipIf(!hasDbusDaemon())("where something is missing", () => {
  test("each method says what: the adapter", async () => {
    add();
    bench.bluez.setAdapter("off");
    const refused = { code: "BLUETOOTH_MISSING", context: { reason: "off" } };
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject(refused);
    const never = () => Promise.reject(new Error("nobody should be asked"));
    await expect(bench.bluetooth.pair(PORT, never, new AbortController().signal)).rejects.toMatchObject(refused);
    bench.bluez.setAdapter(null);
    await bench.bluez.round();
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({ context: { reason: "adapter" } });
  });

  test("each method says what: BlueZ", async () => {
    await bench.bluez.vanish();
    const refused = { code: "BLUETOOTH_MISSING", context: { reason: "bluez" } };
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject(refused);
    await expect(bench.bluetooth.forget(PORT)).rejects.toMatchObject(refused);
    const state = await bench.bluetooth.state();
    expect(state).toMatchObject({ bus: true, bluez: false, adapters: [] });
    expect(state.trouble).toContain("bluetooth");
    await bench.bluez.appear();
    await until(() => bench.bluez.called("ObjectManager.GetManagedObjects") > 0);
    await bench.bluez.round();
    expect(await bench.bluetooth.state()).toMatchObject({ bus: true, bluez: true, trouble: null });
  });

  test("each method says what: the bus", async () => {
    const nowhere = privateBus();
    const bluetooth = await connectBluetooth({ clock: systemClock, log: silentLog, busAddress: nowhere.address });
    const refused = { code: "BLUETOOTH_MISSING", context: { reason: "bus" } };
    await expect(bluetooth.open(PORT)).rejects.toMatchObject(refused);
    expect(await bluetooth.state()).toMatchObject({ bus: false, bluez: false, adapters: [] });
    const told: unknown[] = [];
    const controller = new AbortController();
    const watching = bluetooth.watch((list) => void told.push(list), controller.signal);
    await until(() => told.length === 1);
    controller.abort();
    await watching;
    await bluetooth.close();
    await nowhere.dispose();
    expect(told).toEqual([[]]);
  });

  test("nothing can be done after the end", async () => {
    add();
    const transport = await bench.bluetooth.open(PORT);
    await bench.bluetooth.close();
    await bench.bluetooth.close();
    await expect(transport.next()).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
    await expect(bench.bluetooth.open(PORT)).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
    expect((await bench.bluetooth.state()).bluez).toBe(false);
  });
});
