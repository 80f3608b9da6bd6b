import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ask } from "./facts.js";

const run = promisify(execFile);
/** A prime below which instants are folded: so the sums of the biggest export stay exact in a double. */
const FOLD = 8_191;

/**
 * What stands somewhere of one kind: how many values, their sum, and the sum of each value times its instant (seconds
 * since the Unix epoch, folded), so that a value at another's time shows too. In thousandths, whole: sums are equal or not.
 */
export interface Tally {
  readonly count: number;
  readonly sum: number;
  readonly moments: number;
}

/** Tallies by source and kind: `healthkit glucose`. */
export type Tallies = ReadonlyMap<string, Tally>;

/** HealthKit's types and the kinds of record that they are to become (Apple: HKQuantityTypeIdentifier). */
const APPLE_KINDS: ReadonlyMap<string, string> = new Map([
  ["BloodGlucose", "glucose"],
  ["InsulinDelivery", "insulin"],
  ["DietaryCarbohydrates", "carbs"],
  ["HeartRate", "heart_rate"],
  ["StepCount", "steps"],
  ["BodyMass", "weight"],
]);

/** Field 2 between quotation marks is the type; from the end: value, endDate, startDate. All dates are one hour east. */
const APPLE_AWK = `
/<Record / {
  at = $(NF - 5); value = sprintf("%.0f", $(NF - 1) * 1000)
  year = substr(at, 1, 4); month = substr(at, 6, 2) - 3
  if (month < 0) { month += 12; year-- }
  day = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * month + 2) / 5) + substr(at, 9, 2) - 719469
  second = day * 86400 + substr(at, 12, 2) * 3600 + substr(at, 15, 2) * 60 + substr(at, 18, 2) - 3600
  n[$2]++; sum[$2] += value; moments[$2] += second % ${FOLD} * value
}
END { for (type in n) printf "%s %d %.0f %.0f\\n", type, n[type], sum[type], moments[type] }`;

/** What awk finds in an invented export.xml, of the types that are imported. Every tag must stand on a line of its own. */
export async function tallyApple(path: string): Promise<Tallies> {
  const options = { env: { ...process.env, LC_ALL: "C" } };
  const { stdout } = await run("awk", ["-F", '"', APPLE_AWK, path], options);
  const tallies = new Map<string, Tally>();
  for (const line of stdout.trim().split("\n")) {
    const [type = "", ...numbers] = line.split(" ");
    const kind = APPLE_KINDS.get(type.replace("HKQuantityTypeIdentifier", ""));
    const [count = 0, sum = 0, moments = 0] = numbers.map(Number);
    if (kind !== undefined) tallies.set(`healthkit ${kind}`, { count, sum, moments });
  }
  return tallies;
}

/** One value as a file tells it. */
export interface Told {
  readonly source: string;
  readonly kind: string;
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** The tallies of values that were taken from a file one by one. */
export function tallyOf(told: Iterable<Told>): Tallies {
  const tallies = new Map<string, Tally>();
  for (const { source, kind, value, atMs } of told) {
    const name = `${source} ${kind}`;
    const { count, sum, moments } = tallies.get(name) ?? { count: 0, sum: 0, moments: 0 };
    const thousandths = Math.round(value * 1_000);
    const second = Math.floor(atMs / 1_000) % FOLD;
    tallies.set(name, { count: count + 1, sum: sum + thousandths, moments: moments + second * thousandths });
  }
  return tallies;
}

/**
 * What the sqlite3 program finds in a store of all that exports told, without meters and people. Of Apple's only what is not
 * older than `appleFrom`, as people hand in small exports of earlier days meanwhile.
 */
export async function tallyStore(path: string, appleFrom: string): Promise<Tallies> {
  const value = "cast(round(json_extract(fields, '$.value') * 1000) AS INTEGER)";
  const rows = await ask(
    path,
    `SELECT json_extract(fields, '$.source') AS source, kind, count(*) AS count, sum(${value}) AS sum,
       sum(cast(strftime('%s', time) AS INTEGER) % ${FOLD} * ${value}) AS moments
     FROM records
     WHERE json_extract(fields, '$.source') NOT IN ('meter', 'manual')
       AND (json_extract(fields, '$.source') <> 'healthkit' OR time >= '${appleFrom}')
     GROUP BY 1, 2`,
  );
  return new Map(
    rows.map(({ source, kind, count, sum, moments }) => [
      `${String(source)} ${String(kind)}`,
      { count: Number(count), sum: Number(sum), moments: Number(moments) },
    ]),
  );
}

/** All of them in one. */
export function together(all: readonly Tallies[]): Tallies {
  const tallies = new Map<string, Tally>();
  for (const [name, tally] of all.flatMap((each) => [...each])) {
    const { count, sum, moments } = tallies.get(name) ?? { count: 0, sum: 0, moments: 0 };
    tallies.set(name, { count: count + tally.count, sum: sum + tally.sum, moments: moments + tally.moments });
  }
  return tallies;
}

/** Where what was written and what is there differ, a sentence each. */
export function differences(written: Tallies, there: Tallies): string[] {
  return [...new Set([...written.keys(), ...there.keys()])].sort().flatMap((name) => {
    const [expected, found] = [JSON.stringify(written.get(name)), JSON.stringify(there.get(name))];
    return expected === found ? [] : [`of ${name} ${expected} stood in the files, ${found} is in the store`];
  });
}

/** How many values in all. */
export function countAll(tallies: Tallies): number {
  return [...tallies.values()].reduce((sum, { count }) => sum + count, 0);
}
