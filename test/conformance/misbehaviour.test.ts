import { describe, expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";
import { hex } from "../../src/kit/bytes.js";
import type { MeterDriver, SimulatorOptions } from "../../src/kit/driver.js";
import { MISBEHAVIOURS, type Misbehaviour } from "../../src/kit/misbehave.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearMeter, type MeterHeard } from "../helpers/hear-meter.js";
import { losing } from "../helpers/misbehaving-ble.js";
import { hearBle } from "../helpers/simulated-ble.js";
import { type Heard, inMemoryWords } from "../helpers/simulated-line.js";
import { demandMissed, provenByLink } from "./over-link.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Whatever a meter does, its session is over in this time. */
const PATIENCE_MS = 10 * 60_000;
const METERS = DRIVERS.filter((driver) => driver.transport !== "file");

/** Meters that can't be asked for a record a second time: each request moves them on to the next. */
const NEVER_REPEATS: ReadonlySet<string> = new Set(["sd-codefree"]);

interface Way {
  readonly name: string;
  readonly kinds: readonly Misbehaviour[];
  readonly declines: number;
}

const WAYS: readonly Way[] = [
  { name: "is slow", kinds: ["slow"], declines: 0 },
  { name: "sends noise first", kinds: ["garbage"], declines: 0 },
  { name: "declines the first two requests", kinds: [], declines: 2 },
  { name: "is slow, noisy and declines once", kinds: ["slow", "garbage"], declines: 1 },
  { name: "sends one wrong checksum", kinds: ["checksum"], declines: 0 },
];

/** Where the radio link's own check is all that proves the bytes, noise and damage do not come through it. */
function waysOf(driver: MeterDriver): readonly Way[] {
  if (!provenByLink(driver)) return WAYS;
  return [
    { name: "is slow", kinds: ["slow"], declines: 0 },
    { name: "declines the first two requests", kinds: [], declines: 2 },
    { name: "is slow and declines once", kinds: ["slow"], declines: 1 },
  ];
}

/** How a session over Bluetooth ends with a meter that declines what it is asked. */
const DECLINED: ReadonlySet<string> = new Set(["GATT_REFUSED", "RACP_REFUSED"]);

/** Reads a virtual meter of 30 readings that misbehaves. */
async function read(driver: MeterDriver, kinds: readonly Misbehaviour[], more: Partial<SimulatorOptions> = {}) {
  const clock = new VirtualClock(START_MS);
  const simulated = { count: 30, seed: 4, clock, zone: "Europe/London", ...more };
  const { heard, ...meter } = await hearMeter(driver, simulated, clock, kinds);
  return { meter, heard };
}

/** Over Bluetooth a meter that declines ends the session, and the hub asks it anew: what the last session told. */
async function untilNotDeclined(first: Heard, { again, memory }: Omit<MeterHeard, "heard">): Promise<Heard> {
  let heard = first;
  for (let more = 0; more < 2 && again !== null && DECLINED.has(heard.code ?? ""); more += 1) {
    demandTrue(heard, memory);
    heard = await again();
  }
  return heard;
}

/** True if nothing was told that the memory does not hold, and nothing twice. */
function demandTrue(heard: Heard, memory: readonly unknown[]): void {
  const left = memory.map((one) => JSON.stringify(one));
  for (const reading of heard.readings.map((one) => JSON.stringify(inMemoryWords(one)))) {
    expect(left).toContain(reading);
    left.splice(left.indexOf(reading), 1);
  }
}

test("the catalogue's meters are all tried, and every way to misbehave", () => {
  expect(METERS.length).toBeGreaterThanOrEqual(13);
  expect(MISBEHAVIOURS).toEqual(["slow", "garbage", "checksum", "stops"]);
});

describe.each(METERS.map((driver) => ({ id: driver.id, driver })))("$id", ({ driver }) => {
  test("reads a well-behaved meter whole, in its order", async () => {
    const { meter, heard } = await read(driver, []);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(30);
    const [identity] = heard.events;
    expect(identity).toMatchObject({ type: "identity", identity: { serial: meter.serial } });
  });

  // A disk has no wire to misbehave on: what can go wrong with it stands in the driver's own tests.
  test.skipIf(driver.transport === "block").each(waysOf(driver))(
    "reads a meter whole that $name",
    async ({ kinds, declines }) => {
      const { meter, heard: first } = await read(driver, kinds, { declines });
      const heard = await untilNotDeclined(first, meter);
      expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
      if (kinds[0] === "checksum" && NEVER_REPEATS.has(driver.id)) {
        demandTrue(heard, meter.memory);
        expect([heard.code, heard.readings.length]).toEqual(["FRAME_CHECKSUM", 29]);
        expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
        return;
      }
      expect(heard.reason).toBeNull();
      // What is asked for a second time may come later than it stands in the memory.
      demandTrue(heard, meter.memory);
      expect(heard.readings).toHaveLength(30);
      if (kinds[0] !== "checksum") expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    },
  );

  test.skipIf(driver.transport === "block")(
    "ends within a bound on a meter that stops in mid-dump, and tells nothing untrue",
    async () => {
      const { meter, heard } = await read(driver, ["stops"]);
      expect(["METER_STALLED", "FRAME_TRUNCATED"]).toContain(heard.code);
      expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
      demandTrue(heard, meter.memory);
    },
  );

  test("tells of an empty memory that it is empty", async () => {
    const { heard } = await read(driver, [], { count: 0 });
    expect(heard.reason).toBeNull();
    expect(heard.readings).toEqual([]);
  });
});

const BLE_DRIVERS = DRIVERS.filter((driver) => driver.transport === "ble");

describe.each(BLE_DRIVERS.map((driver) => ({ id: driver.id, driver })))("over Bluetooth, $id", ({ driver }) => {
  test("says that something is missing whichever notice never arrives, however often it is asked for", async () => {
    const listen = async (lost: string | null) => {
      const clock = new VirtualClock(START_MS);
      const meter = driver.simulate({ count: 6, seed: 5, clock, zone: "Europe/London" });
      const sent = new Set<string>();
      const answerer = losing(meter, ({ from, bytes }) => {
        const notice = `${from.service}/${from.characteristic} ${hex(bytes)}`;
        sent.add(notice);
        return notice === lost;
      });
      return { heard: await hearBle(driver, answerer, clock), sent };
    };
    const whole = await listen(null);
    expect(whole.heard.reason).toBeNull();
    expect(whole.heard.readings.length).toBeGreaterThanOrEqual(6);
    let lost = 0;
    for (const notice of whole.sent) {
      const { heard } = await listen(notice);
      demandMissed(heard.events, heard.code, whole.heard.readings);
      expect(heard.code === null || !heard.events.some(({ type }) => type === "cursor"), notice).toBe(true);
      expect(heard.code).not.toBe("INTERNAL");
      expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
      lost += 1;
    }
    expect(lost).toBe(whole.sent.size);
    expect(lost).toBeGreaterThanOrEqual(4);
  });
});
