import { offsetAt, wallAt } from "../../src/domain/zone.js";
import type { SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { below, seededRandom } from "../../src/kit/simulated.js";

/** Readings that it holds at most: the protocol names no bound; a quarter of a year of them. */
export const CAPACITY = 26_000;
/** A sensor is read every five minutes. */
const SENSOR_MS = 5 * 60_000;
/** 1 January 2009: seconds are counted from there. */
const EPOCH_MS = 1_230_768_000_000;
/** One in that many readings is typed in from a meter, or an event, and one in that many came later. */
const TYPED_EVERY = 25;
const NOTED_EVERY = 40;
const LATER_EVERY = 30;

/** A record in the virtual receiver's log, whatever its kind. Seconds are those of its inner clock. */
export interface LoggedRecord {
  readonly type: "egv" | "later" | "meter" | "carbs" | "insulin";
  readonly system: number;
  /** What it showed, seconds of the same epoch. */
  readonly display: number;
  /** When it was measured: differs from `system` where it came later. */
  readonly measured: number;
  /** As on the wire: mg/dL, grams, hundredths of a unit. */
  readonly amount: number;
  /** Null for a record that holds no reading. */
  readonly reading: SimulatedReading | null;
}

/** From that second on the display was that many seconds ahead of the inner clock. */
export interface LoggedOffset {
  readonly system: number;
  readonly offset: number;
}

/** A virtual receiver's memory. */
export interface SimulatedLog {
  /** Oldest first, with the readings that fell due since somebody last looked. */
  records(): readonly LoggedRecord[];
  offsets(): readonly LoggedOffset[];
  /** Seconds of the inner clock. */
  system(): number;
  offset(): number;
  setOffset(offset: number): void;
  clock(): string;
}

/**
 * A memory that its seed decides, of a person who follows the zone's changes of the clocks to the second. `later`: the
 * receiver takes up readings that came later.
 */
export function simulatedLog(options: SimulatorOptions, later: boolean): SimulatedLog {
  const { clock, zone, clockErrorMs = 0, newReadingEveryMs } = options;
  const random = seededRandom(options.seed);
  const systemAt = (ms: number): number => Math.floor((ms - EPOCH_MS) / 1000);
  const count = Math.min(options.count, CAPACITY);
  const startMs = clock.now() - (count + 2) * SENSOR_MS;
  const offsets: LoggedOffset[] = [
    // What the factory left: a clock of 2009.
    { system: 86_400, offset: 0 },
    ...zoneOffsets(zone, startMs, clock.now()).map(({ atMs, minutes }) => ({
      system: systemAt(atMs),
      offset: minutes * 60 + Math.round(clockErrorMs / 1000),
    })),
  ];
  const offsetFor = (system: number): number => offsets.findLast((one) => one.system <= system)?.offset ?? 0;
  const wall = (seconds: number): string => wallAt("UTC", EPOCH_MS + seconds * 1000);

  let glucose = 110 + below(random, 40);
  function record(atMs: number, place: number): LoggedRecord {
    const measured = systemAt(atMs);
    const type = kindOf(place, later);
    const system = type === "later" ? measured + 900 + below(random, 600) : measured;
    const display = system + offsetFor(system);
    const deviceTime = wall(measured + offsetFor(measured));
    glucose = Math.min(430, Math.max(30, glucose + below(random, 25) - 12));
    const plain = { system, display, measured, type };
    const plainly = (kind: SimulatedReading["kind"], value: number, unit: string): SimulatedReading => {
      return { deviceTime, kind, value, unit, outOfRange: null, control: false, meal: null };
    };
    switch (type) {
      case "meter": {
        const amount = Math.max(40, glucose + below(random, 30) - 15);
        return { ...plain, amount, reading: plainly("glucose", amount, "mg/dL") };
      }
      case "carbs": {
        const amount = 5 + below(random, 90);
        return { ...plain, amount, reading: plainly("carbs", amount, "g") };
      }
      case "insulin": {
        const amount = 25 + below(random, 1_200);
        return { ...plain, amount, reading: plainly("insulin", amount / 100, "U") };
      }
      default: {
        const outOfRange = glucose < 40 ? "low" : glucose > 400 ? "high" : null;
        const reading = plainly("glucose", Math.min(400, Math.max(40, glucose)), "mg/dL");
        return { ...plain, amount: glucose, reading: { ...reading, outOfRange } };
      }
    }
  }

  const records: LoggedRecord[] = [];
  for (let place = 0; place < count; place += 1) {
    const atMs = startMs + place * SENSOR_MS + 1_000 * below(random, 3);
    records.push(record(atMs, place));
    // Now and then the sensor has nothing to say, or the receiver shows a value that it takes back.
    if (place % 60 === 7) records.push(silent(records.at(-1), 5));
    if (place % 60 === 31) records.push(silent(records.at(-1), 0x8000 | 150));
  }
  let nextAt = newReadingEveryMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + newReadingEveryMs;
  let taken = count;
  return {
    records() {
      for (; nextAt <= clock.now(); taken += 1) {
        records.push(record(nextAt, taken));
        nextAt += Math.max(1_000, Math.round((newReadingEveryMs ?? 0) * (0.75 + random() / 2)));
      }
      return records;
    },
    offsets: () => offsets,
    system: () => systemAt(clock.now()),
    offset: () => offsetFor(systemAt(clock.now())),
    setOffset(offset) {
      offsets.push({ system: systemAt(clock.now()), offset });
    },
    clock: () => wall(systemAt(clock.now()) + offsetFor(systemAt(clock.now()))),
  };
}

function kindOf(place: number, later: boolean): LoggedRecord["type"] {
  if (place % TYPED_EVERY === 3) return "meter";
  if (place % NOTED_EVERY === 5) return place % (2 * NOTED_EVERY) === 5 ? "carbs" : "insulin";
  return later && place % LATER_EVERY === 9 ? "later" : "egv";
}

/** A record without a reading, one second behind another. */
function silent(behind: LoggedRecord | undefined, amount: number): LoggedRecord {
  const { system = 0, display = 0 } = behind ?? {};
  return { type: "egv", system: system + 1, display: display + 1, measured: system + 1, amount, reading: null };
}

/** The zone's offset at the start and at each of its changes up to the end, minutes east. */
function zoneOffsets(zone: string, startMs: number, endMs: number): { atMs: number; minutes: number }[] {
  const found = [{ atMs: startMs - 60_000, minutes: offsetAt(zone, startMs - 60_000) }];
  const step = 15 * 60_000;
  for (let atMs = Math.ceil(startMs / step) * step; atMs <= endMs; atMs += step) {
    const minutes = offsetAt(zone, atMs);
    if (minutes !== found.at(-1)?.minutes) found.push({ atMs, minutes });
  }
  return found;
}
