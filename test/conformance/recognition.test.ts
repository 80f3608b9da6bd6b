import { describe, expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";
import { claim } from "../../src/ingest/attachment.js";
import type { BleDriver, BleSimulator, SerialDriver } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type BleAnswerer, bleTo, hearBle } from "../helpers/simulated-ble.js";
import { hear, inMemoryWords } from "../helpers/simulated-line.js";
import { isPartOf } from "./over-link.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const SERIAL_DRIVERS = DRIVERS.filter((driver) => driver.transport === "serial");
/** What goes on after a probe gave up may take that much longer: a chunk under way, a line to become quiet. */
const GRACE_MS = 1_000;

/** Every cable by which two drivers or more may be meant, with those drivers in the order in which they are asked. */
function sharedCables(): { cable: string; drivers: readonly SerialDriver[] }[] {
  const chips = new Set(
    SERIAL_DRIVERS.flatMap(({ usb }) => usb.map(({ vendorId, productId }) => `${vendorId}:${productId}`)),
  );
  return [...chips].sort().flatMap((cable) => {
    const [vendorId = "", productId = ""] = cable.split(":");
    const usb = { vendorId, productId, serial: null, product: null };
    const { drivers: claiming, shared } = claim(DRIVERS, { port: "/dev/ttyUSB0", usb, virtual: false });
    const drivers = claiming.filter((driver) => driver.transport === "serial");
    return shared && drivers.length > 1 ? [{ cable, drivers }] : [];
  });
}

const CABLES = sharedCables();

const BLE_DRIVERS = DRIVERS.filter((driver) => driver.transport === "ble");
/** Whatever a meter in reach does, a session with it is over in this time. */
const PATIENCE_MS = 10 * 60_000;

/** The drivers that would be asked about what the simulator advertises, the surest first. */
function claimed({ name, advertises }: BleSimulator): readonly string[] {
  const ble = { address: "C0:FF:EE:00:00:01", name, services: advertises, paired: true };
  const attachment = { transport: "ble", port: `ble:${ble.address}`, usb: null, virtual: false, ble } as const;
  return claim(DRIVERS, attachment).drivers.map(({ id }) => id);
}

/** Somebody else's thing on Bluetooth, which no driver reads: it tells its maker and how full its battery is. */
function stranger(): BleSimulator {
  return {
    serial: null,
    name: "Thermo 5",
    advertises: ["180f"],
    characteristics: [
      { service: "180a", characteristic: "2a29", uses: ["read"], bonded: false },
      { service: "180f", characteristic: "2a19", uses: ["read", "notify"], bonded: false },
    ],
    passkey: null,
    memory: [],
    clock: () => null,
    connected: () => undefined,
    disconnected: () => undefined,
    readValue: ({ characteristic }) => Uint8Array.from(characteristic === "2a19" ? [0x64] : [0x41, 0x63, 0x6d, 0x65]),
    write: () => ({ att: 0x03 }),
  };
}

test("several cables are shared, and the drivers of each are asked by rank", () => {
  expect(CABLES.length).toBeGreaterThanOrEqual(3);
  for (const { drivers } of CABLES) {
    const ranks = drivers.map(({ probe }) => probe.rank);
    expect([...ranks].sort((a, b) => a - b)).toEqual(ranks);
  }
});

describe.each(SERIAL_DRIVERS.map((driver) => ({ id: driver.id, driver })))("$id", ({ driver }) => {
  test("gives up on a silent cable within its time, with METER_TIMEOUT", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(driver, { receive: () => undefined }, clock, { patience: "probe" });
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
  });
});

describe.each(CABLES)("on the cable $cable", ({ drivers }) => {
  test.each(drivers.map((own) => ({ id: own.id, own })))(
    "$id is found among all, its memory read whole, whoever asks before",
    async ({ own }) => {
      const clock = new VirtualClock(START_MS);
      const meter = own.simulate({ count: 12, seed: 6, clock, zone: "Europe/London" });
      let found: string | null = null;
      let asked = 0;
      for (const driver of drivers) {
        asked += 1;
        const before = clock.now();
        const heard = await hear(driver, meter, clock, { patience: "probe" });
        if (!heard.events.some(({ type }) => type === "identity")) {
          expect(heard.readings).toEqual([]);
          expect(clock.now() - before).toBeLessThanOrEqual(driver.probe.withinMs + GRACE_MS);
          continue;
        }
        found = driver.id;
        expect(heard.reason).toBeNull();
        expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
        break;
      }
      expect(found).toBe(own.id);
      expect(asked).toBe(drivers.indexOf(own) + 1);
    },
  );
});

test("no two drivers over Bluetooth look for the same, and each for something", () => {
  const sought = BLE_DRIVERS.flatMap(({ id, ble }) => {
    expect(ble.length, id).toBeGreaterThanOrEqual(1);
    for (const match of ble) expect([match.service, match.namePrefix], id).not.toEqual([null, null]);
    return ble.map(({ service, namePrefix }) => JSON.stringify([service, namePrefix]));
  });
  expect(new Set(sought).size).toBe(sought.length);
});

describe.each(BLE_DRIVERS.map((driver) => ({ id: driver.id, driver })))("over Bluetooth, $id", ({ driver }) => {
  const simulated = (own: BleDriver, clock: VirtualClock): BleSimulator =>
    own.simulate({ count: 8, seed: 6, clock, zone: "Europe/London" });

  test("is claimed by what its meter advertises", () => {
    expect(claimed(simulated(driver, new VirtualClock(START_MS)))[0]).toBe(driver.id);
    expect(claimed(stranger())).toEqual([]);
  });

  test("reads nothing of a meter that is not its own, and ends with a name for it", async () => {
    const others = BLE_DRIVERS.filter(({ id }) => id !== driver.id);
    let tried = 0;
    for (const other of [null, ...others]) {
      const clock = new VirtualClock(START_MS);
      const meter = other === null ? stranger() : simulated(other, clock);
      if (claimed(meter).includes(driver.id)) continue;
      const heard = await hearBle(driver, meter, clock);
      expect(heard.readings).toEqual([]);
      expect(heard.written).toEqual([]);
      expect(heard.code).toBe("METER_UNSUPPORTED");
      tried += 1;
    }
    expect(tried).toBeGreaterThanOrEqual(1);
  });

  test("ends with METER_UNPAIRED at its own meter if there is no bond, and writes nothing", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = simulated(driver, clock);
    expect(meter.characteristics.some(({ bonded }) => bonded)).toBe(true);
    const heard = await hearBle(driver, meter, clock, { bonded: false });
    expect([heard.code, heard.readings, heard.written]).toEqual(["METER_UNPAIRED", [], []]);
  });

  test("ends in time at a meter that has all that it asks for and never says a word", async () => {
    const clock = new VirtualClock(START_MS);
    const real = simulated(driver, clock);
    const meter: BleAnswerer = {
      name: real.name,
      characteristics: real.characteristics,
      connected: () => undefined,
      disconnected: () => undefined,
      readValue: (name) => real.readValue(name),
      write: (name, bytes) => real.write(name, bytes),
    };
    const heard = await hearBle(driver, meter, clock);
    expect(["METER_TIMEOUT", "METER_STALLED"]).toContain(heard.code);
    expect(heard.readings).toEqual([]);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });

  test("tells what had come when the link is lost, whenever that is", async () => {
    const clock = new VirtualClock(START_MS);
    const whole = await hearBle(driver, simulated(driver, clock), clock);
    expect(whole.reason).toBeNull();
    let lost = 0;
    for (let step = 0; step < whole.operations.length; step += 1) {
      const again = new VirtualClock(START_MS);
      const meter = simulated(driver, again);
      const bench = bleTo(meter, again, { loseAt: step });
      const heard = await hearBle(driver, meter, again, { transport: bench });
      expect(heard.code).toBe("TRANSPORT_GONE");
      expect(heard.events.some(({ type }) => type === "cursor")).toBe(false);
      expect(heard.readings.filter((told) => !whole.readings.some((one) => isPartOf(told, one)))).toEqual([]);
      lost += 1;
    }
    expect(lost).toBe(whole.operations.length);
  });
});
