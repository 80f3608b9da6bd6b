import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import type { FakeMeter } from "../../../test/helpers/fake-bluez/fake-meter.js";
import { cutShort, doubled, missing, swapped } from "../../../test/helpers/fake-bluez/faults.js";
import { hasDbusDaemon } from "../../../test/helpers/fake-bluez/private-bus.js";
import {
  CONTROL,
  DECLINED,
  FEATURE,
  MEASUREMENT,
  MODEL,
  OTHER_CONTROL,
  REPORT_ALL,
  REPORTED,
  record,
  scratchMeter,
  TIME,
} from "../../../test/helpers/fake-bluez/scratch-meter.js";
import { hex } from "../../kit/bytes.js";
import type { BleTransport } from "../../kit/transport.js";

const ADDRESS = "C0:FF:EE:00:00:01";

let bench: BluetoothBench;

beforeEach(async () => {
  if (hasDbusDaemon()) bench = await bluetoothBench();
});

afterEach(async () => {
  if (hasDbusDaemon()) await bench.dispose();
});

async function opened(count = 5): Promise<{ meter: FakeMeter; transport: BleTransport }> {
  const meter = bench.bluez.addMeter(scratchMeter({ count }), { address: ADDRESS, paired: true });
  return { meter, transport: await bench.bluetooth.open(meter.port) };
}

/** Asks for all records and gives what comes, up to and with the last message or the error. */
async function dump(transport: BleTransport): Promise<{ readonly came: string[]; readonly error: unknown }> {
  const came: string[] = [];
  try {
    await transport.subscribe(MEASUREMENT);
    await transport.subscribe(CONTROL);
    await transport.write(CONTROL, REPORT_ALL);
    for (;;) {
      const { from, bytes } = await transport.next();
      came.push(`${from.characteristic} ${hex(bytes)}`);
      if (from.characteristic === "2a52") return { came, error: null };
    }
  } catch (error) {
    return { came, error };
  }
}

const DONE = `2a52 ${hex(REPORTED)}`;
const told = (...numbers: number[]): string[] => numbers.map((number) => `2a18 ${hex(record(number))}`);

describe.skipIf(!hasDbusDaemon())("a meter that BlueZ is connected with", () => {
  test("tells its name and its characteristics in the order of their handles, each in its service", async () => {
    const { transport } = await opened();
    expect(transport.kind).toBe("ble");
    expect(transport.name).toBe("scratch (C0:FF:EE:00:00:01)");
    expect(transport.advertised).toBe("scratch");
    expect(transport.characteristics).toEqual([
      { service: "180a", characteristic: "2a24", uses: ["read"] },
      { service: "1805", characteristic: "2a2b", uses: ["read", "notify"] },
      { service: "1808", characteristic: "2a18", uses: ["notify"] },
      { service: "1808", characteristic: "2a51", uses: ["read"] },
      { service: "1808", characteristic: "2a52", uses: ["write", "indicate"] },
      { service: "00000000-0000-1000-1000-000000000000", characteristic: "2a52", uses: ["write", "indicate"] },
    ]);
  });

  test("gives 500 records in the order sent, and then the answer of its control point", async () => {
    const { transport } = await opened(500);
    const { came, error } = await dump(transport);
    expect(error).toBeNull();
    expect(came).toHaveLength(501);
    expect(came).toEqual([...told(...Array.from({ length: 500 }, (_, number) => number)), DONE]);
  });

  test("keeps what comes before anybody reads", async () => {
    const { meter, transport } = await opened(3);
    await transport.subscribe(MEASUREMENT);
    await transport.subscribe(CONTROL);
    await transport.write(CONTROL, REPORT_ALL);
    // Behind all that was sent: this value is asked for after it.
    expect(await transport.readValue(FEATURE)).toEqual(Uint8Array.of(0x00, 0x04));
    const before = bench.bluez.called("GattCharacteristic1.StartNotify");
    await transport.subscribe(MEASUREMENT);
    expect(bench.bluez.called("GattCharacteristic1.StartNotify")).toBe(before);
    expect(meter.sessions).toBe(2);
    const came = [await transport.next(), await transport.next(), await transport.next(), await transport.next()];
    expect(came.map(({ bytes }) => hex(bytes))).toEqual([...[0, 1, 2].map((one) => hex(record(one))), hex(REPORTED)]);
  });

  test("loses nothing when a wait is aborted, and rejects with the signal's reason", async () => {
    const { transport } = await opened(1);
    await transport.subscribe(CONTROL);
    const controller = new AbortController();
    const waiting = transport.next(controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await transport.write(CONTROL, REPORT_ALL);
    expect((await transport.next()).bytes).toEqual(REPORTED);
  });

  test("writes with an answer, and reads values", async () => {
    const { transport } = await opened();
    // The stand-in declines every other kind of write.
    await transport.write(CONTROL, REPORT_ALL);
    expect(Buffer.from(await transport.readValue(MODEL)).toString()).toBe("Scratch 1");
    expect(bench.bluez.called("GattCharacteristic1.WriteValue")).toBe(1);
  });

  test("does not take a value that was read for a notice, but what was notified meanwhile", async () => {
    const { transport } = await opened();
    await transport.subscribe(TIME);
    expect(hex(await transport.readValue(TIME))).toBe("ea 07 02");
    expect(hex(await transport.readValue(TIME))).toBe("ea 07 02");
    const came = [await transport.next(), await transport.next()];
    expect(came.map(({ bytes }) => hex(bytes))).toEqual(["ea 07 01", "ea 07 01"]);
    await transport.subscribe(CONTROL);
    await transport.write(CONTROL, REPORT_ALL);
    expect((await transport.next()).from).toEqual(CONTROL);
  });

  test("tells the code with which it was declined, and can be used on", async () => {
    const { transport } = await opened();
    const cases = [
      [transport.write(CONTROL, DECLINED), 0x80],
      [transport.write(CONTROL, Uint8Array.of(9)), 0x0d],
      [transport.write(OTHER_CONTROL, REPORT_ALL), 0x03],
    ] as const;
    for (const [failing, att] of cases) {
      await expect(failing).rejects.toMatchObject({ code: "GATT_REFUSED", context: { att } });
    }
    expect(hex(await transport.readValue(FEATURE))).toBe("00 04");
  });

  test("says which characteristic it does not have", async () => {
    const { transport } = await opened();
    const name = { service: "1808", characteristic: "2a34" };
    await expect(transport.subscribe(name)).rejects.toMatchObject({ code: "METER_UNSUPPORTED" });
    await expect(transport.subscribe({ ...CONTROL, service: "1809" })).rejects.toMatchObject({
      code: "METER_UNSUPPORTED",
    });
    // No value is that long: this would be a defect of the driver.
    await expect(transport.write(CONTROL, new Uint8Array(513))).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("is unpaired where it has forgotten the bond that is kept here", async () => {
    const meter = bench.bluez.addMeter(scratchMeter({ count: 1 }), { address: ADDRESS, paired: true });
    meter.faults.bondForgotten = true;
    const transport = await bench.bluetooth.open(meter.port);
    await expect(transport.subscribe(MEASUREMENT)).rejects.toMatchObject({ code: "METER_UNPAIRED" });
    await expect(transport.readValue(FEATURE)).rejects.toMatchObject({ code: "METER_UNPAIRED" });
    await expect(transport.write(CONTROL, REPORT_ALL)).rejects.toMatchObject({ code: "METER_UNPAIRED" });
    // What needs no bond can be read still.
    expect(Buffer.from(await transport.readValue(MODEL)).toString()).toBe("Scratch 1");
    expect(meter.sessions).toBe(0);
  });
});

describe.skipIf(!hasDbusDaemon())("a link that is lost", () => {
  test("is told after what had come, to who reads, asks or subscribes", async () => {
    const { meter, transport } = await opened(10);
    meter.faults.dropAfterNotices = 4;
    const { came, error } = await dump(transport);
    expect(came).toEqual(told(0, 1, 2, 3));
    expect(error).toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(transport.next()).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(transport.readValue(FEATURE)).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(transport.write(CONTROL, REPORT_ALL)).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(transport.subscribe(TIME)).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
  });

  test("is told while an operation waits for its answer", async () => {
    const { meter, transport } = await opened();
    meter.faults.silent.add("ReadValue");
    const reading = transport.readValue(FEATURE);
    await until(() => bench.bluez.called("GattCharacteristic1.ReadValue") === 1);
    meter.drop();
    await expect(reading).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
  });

  test("may be lost after each record: every connection gives its first one, and nothing is left behind", async () => {
    const meter = bench.bluez.addMeter(scratchMeter({ count: 10 }), { address: ADDRESS, paired: true });
    meter.faults.dropAfterNotices = 1;
    for (let time = 0; time < 10; time += 1) {
      const transport = await bench.bluetooth.open(meter.port);
      const { came, error } = await dump(transport);
      expect(came).toEqual(told(0));
      expect(error).toMatchObject({ code: "TRANSPORT_GONE" });
      await transport.close();
    }
    expect(bench.bluetooth.use()).toMatchObject({ openMeters: 0, waitingCalls: 0 });
    expect(bench.bluez.called("Device1.Connect")).toBe(10);
  });

  test("is seen where BlueZ forgets the device in the middle", async () => {
    const { meter, transport } = await opened();
    await transport.subscribe(MEASUREMENT);
    const waiting = transport.next();
    meter.remove();
    await expect(waiting).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
  });
});

describe.skipIf(!hasDbusDaemon())("notices that were changed on the way", () => {
  test.each([
    ["doubled", doubled(1), [...told(0, 1, 1, 2), DONE]],
    ["missing", missing(1), [...told(0, 2), DONE]],
    ["out of order", swapped(0), [...told(1, 0, 2), DONE]],
    ["cut short", cutShort(1, 10), [...told(0), `2a18 ${hex(record(1).slice(0, 3))}`, ...told(2), DONE]],
    ["cut to nothing", cutShort(1, 13), [...told(0), "2a18 ", ...told(2), DONE]],
  ])("are passed on as they come, for the driver to judge: %s", async (_, twist, expected) => {
    const { meter, transport } = await opened(3);
    meter.faults.twist = twist;
    expect((await dump(transport)).came).toEqual(expected);
  });
});

describe.skipIf(!hasDbusDaemon())("closing", () => {
  test("gives subscriptions and the link back, ends what waits, and may be done twice", async () => {
    const { meter, transport } = await opened();
    await transport.subscribe(MEASUREMENT);
    await transport.subscribe(CONTROL);
    const waiting = transport.next();
    const closing = transport.close();
    await expect(waiting).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
    await closing;
    await transport.close();
    expect(meter.connected).toBe(false);
    expect(meter.sessions).toBe(0);
    await expect(transport.next()).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
    await expect(transport.write(CONTROL, REPORT_ALL)).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
    expect(bench.bluez.called("GattCharacteristic1.StopNotify")).toBe(2);
    expect(bench.bluez.called("Device1.Disconnect")).toBe(1);
  });

  test("drops what was not read", async () => {
    const { transport } = await opened();
    await transport.subscribe(CONTROL);
    await transport.write(CONTROL, REPORT_ALL);
    await transport.readValue(FEATURE);
    await transport.close();
    await expect(transport.next()).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
  });
});
