import { describe, expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";
import { claim } from "../../src/ingest/attachment.js";
import type { SerialDriver } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hear, inMemoryWords } from "../helpers/simulated-line.js";

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
