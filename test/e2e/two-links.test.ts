import { describe, expect, test } from "vitest";
import { findDriver } from "../../drivers/index.js";
import { silentLog } from "../../src/domain/clock.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { readMeter } from "../../src/ingest/read-meter.js";
import type { MeterDriver, SimulatedReading } from "../../src/kit/driver.js";
import type { MeterTransport } from "../../src/kit/transport.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { Store } from "../../src/store/store.js";
import { look, tempStore } from "../helpers/ingest.js";
import { bleTo } from "../helpers/simulated-ble.js";
import { diskOf } from "../helpers/simulated-block.js";
import { inVirtualTime, lineTo } from "../helpers/simulated-line.js";

const ZONE = "Europe/London";
const SEED = 23;
const COUNT = 60;
const START_MS = Date.parse("2026-11-23T09:00:00Z");

/** Reads the virtual meter of a driver into the store: the same seed and time give the same memory over every link. */
async function readOver(driver: MeterDriver, store: Store) {
  const clock = new VirtualClock(START_MS);
  const options = { count: COUNT, seed: SEED, clock, zone: ZONE };
  const transport: MeterTransport =
    driver.transport === "ble"
      ? bleTo(driver.simulate(options), clock)
      : driver.transport === "block"
        ? diskOf(driver.simulate(options), clock)
        : driver.transport === "hid"
          ? never(driver)
          : lineTo(driver.simulate(options));
  const memory = driver.simulate(options).memory;
  const report = await inVirtualTime(clock, () =>
    readMeter({
      driver,
      port: driver.transport === "ble" ? "ble:C0:FF:EE:00:00:01" : "/dev/meter",
      openMeter: async () => transport,
      store,
      clock,
      ownerOf: ownerBySerial([], ZONE),
      zone: ZONE,
      signal: new AbortController().signal,
      log: silentLog,
    }),
  );
  return { report, memory };
}

/** What a memory holds of glucose, in words that do not depend on the link. */
function tests(memory: readonly SimulatedReading[]): string[] {
  return memory
    .filter(({ kind }) => kind === "glucose")
    .map(({ deviceTime, value, outOfRange, control }) => `${deviceTime} ${value} ${outOfRange} ${control}`);
}

function never({ id }: MeterDriver): never {
  throw new Error(`${id} has no bench here`);
}

function meter(id: string): MeterDriver {
  const driver = findDriver(id);
  if (driver.transport === "file") throw new Error(`${id} is no meter`);
  return driver;
}

const PAIRS: readonly (readonly [byCable: string, byRadio: string])[] = [
  ["accu-chek", "bluetooth-glucose"],
  ["onetouch-verio", "onetouch-verio-ble"],
];

describe.each(PAIRS)("a meter that is read as %s and as %s", (byCable, byRadio) => {
  test.each([
    ["by cable first", byCable, byRadio],
    ["by radio first", byRadio, byCable],
  ])("gives each test once, %s", async (_which, first, second) => {
    const store = await tempStore();
    const one = await readOver(meter(first), store);
    expect(one.report).toMatchObject({ outcome: "done", unreadable: 0 });
    const glucose = (): number =>
      look<{ n: number }>(store, "SELECT count(*) AS n FROM records WHERE kind = 'glucose'")[0]?.n ?? 0;
    const had = tests(one.memory);
    expect(glucose()).toBe(had.length);
    const other = await readOver(meter(second), store);
    expect(other.report).toMatchObject({ outcome: "done", unreadable: 0 });
    expect(other.report.identity?.serial).toBe(one.report.identity?.serial);
    // The simulators of a pair need not remember all the same, but what both remember is one test.
    const both = tests(other.memory).filter((test) => had.includes(test)).length;
    expect(both).toBeGreaterThan(COUNT / 4);
    expect(other.report.byKind.find(({ kind }) => kind === "glucose")).toMatchObject({ known: both });
    expect(glucose()).toBe(had.length + tests(other.memory).length - both);
  });
});
