import { offsetAt } from "../../src/domain/zone.js";
import { seededRandom } from "../../src/kit/simulated.js";

/** What an invented export covers. */
export interface SampleExportOptions {
  /** Equal seeds give equal exports. */
  readonly seed: number;
  /** How many days back from `endMs`. */
  readonly days: number;
  /** Moment of the export, milliseconds since the Unix epoch. */
  readonly endMs: number;
  /** The phone's IANA zone. */
  readonly zone: string;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A day's meals and its bedtime: minutes after midnight, and the carbohydrate in grams (0: none). */
const HABITS = [
  { at: 7 * 60 + 20, grams: 45 },
  { at: 12 * 60 + 40, grams: 60 },
  { at: 18 * 60 + 50, grams: 70 },
  { at: 22 * 60 + 30, grams: 0 },
];

/**
 * A small, invented Apple Health export.xml, for the demo and for tests: finger pricks of two apps (one in mg/dL, one
 * in mmol/L spelt as HealthKit does), doses, food, weight and steps. All dates carry the phone's offset at `endMs`, as
 * in real exports. Written from the format's facts, not from the driver.
 */
export function sampleExport(options: SampleExportOptions): string {
  const { seed, days, endMs, zone } = options;
  const random = seededRandom(seed);
  const stamp = stamper(offsetAt(zone, endMs));
  const first = Math.floor(endMs / DAY_MS) - days;
  const groups: Record<"glucose" | "insulin" | "carbs" | "weight" | "steps", string[]> = {
    glucose: [],
    insulin: [],
    carbs: [],
    weight: [],
    steps: [],
  };
  for (let day = first; day <= first + days; day++) {
    const dawn = day * DAY_MS - offsetAt(zone, day * DAY_MS) * MINUTE_MS;
    HABITS.forEach(({ at, grams }, index) => {
      const ms = dawn + (at + Math.floor(random() * 25)) * MINUTE_MS;
      if (ms > endMs - 3 * 60 * MINUTE_MS) return;
      const before = Math.round(85 + random() * 75);
      groups.glucose.push(prick(stamp, ms, before, index % 2 === 1, grams > 0 ? 1 : null, zone));
      if (grams === 0) {
        groups.insulin.push(dose(stamp, ms + 5 * MINUTE_MS, 14, 1, `${seed}-${day}-basal`));
        return;
      }
      const eaten = Math.round(grams * (0.7 + random() * 0.6));
      groups.insulin.push(dose(stamp, ms + MINUTE_MS, Math.round(eaten / 5) / 2, 2, `${seed}-${day}-${index}`));
      groups.carbs.push(sample("DietaryCarbohydrates", "Food Diary", "g", eaten, stamp(ms + 2 * MINUTE_MS)));
      const later = Math.round(before + 15 + random() * 60);
      groups.glucose.push(prick(stamp, ms + 120 * MINUTE_MS, later, index % 2 === 1, 2, zone));
    });
    const morning = dawn + (6 * 60 + 50) * MINUTE_MS;
    if (morning + 60 * MINUTE_MS > endMs) continue;
    const kilograms = Math.round((74 + random() * 2) * 10) / 10;
    groups.weight.push(sample("BodyMass", "Scales", "kg", kilograms, stamp(morning)));
    const walked = Math.round(400 + random() * 1500);
    groups.steps.push(
      sample(
        "StepCount",
        "Jo\u2019s\u00a0iPhone",
        "count",
        walked,
        stamp(morning),
        [],
        stamp(morning + 12 * MINUTE_MS),
      ),
    );
  }
  return [
    head(stamp(endMs)),
    ...groups.glucose,
    ...groups.weight,
    ...groups.steps,
    ...groups.carbs,
    ...groups.insulin,
    "</HealthData>\n",
  ].join("");
}

type Stamp = (ms: number) => string;

function prick(stamp: Stamp, ms: number, mgDl: number, inMmol: boolean, meal: 1 | 2 | null, zone: string): string {
  const metadata: [string, string][] = meal === null ? [] : [["HKBloodGlucoseMealTime", String(meal)]];
  if (!inMmol) return sample("BloodGlucose", "Contour", "mg/dL", mgDl, stamp(ms), metadata);
  const value = Math.round((mgDl / 18.0156) * 10) / 10;
  metadata.push(["HKTimeZone", zone], ["HKWasUserEntered", "1"]);
  return sample("BloodGlucose", "Diabetes Diary", "mmol&lt;180.1558800000541&gt;/L", value, stamp(ms), metadata);
}

function dose(stamp: Stamp, ms: number, units: number, reason: 1 | 2, id: string): string {
  return sample("InsulinDelivery", "Diabetes Diary", "IU", units, stamp(ms), [
    ["HKInsulinDeliveryReason", String(reason)],
    ["HKMetadataKeySyncIdentifier", id],
    ["HKMetadataKeySyncVersion", "1"],
  ]);
}

function sample(
  type: string,
  source: string,
  unit: string,
  value: number,
  start: string,
  metadata: readonly (readonly [string, string])[] = [],
  end: string = start,
): string {
  const tag =
    ` <Record type="HKQuantityTypeIdentifier${type}" sourceName="${source}" sourceVersion="1.0" unit="${unit}"` +
    ` creationDate="${end}" startDate="${start}" endDate="${end}" value="${value}"`;
  if (metadata.length === 0) return `${tag}/>\n`;
  const entries = metadata.map(([key, text]) => `  <MetadataEntry key="${key}" value="${text}"/>\n`);
  return `${tag}>\n${entries.join("")} </Record>\n`;
}

function head(exported: string): string {
  const me = ["DateOfBirth", "BiologicalSex", "BloodType", "FitzpatrickSkinType", "CardioFitnessMedicationsUse"];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    "<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 14 -->\n",
    "<!ELEMENT HealthData (ExportDate,Me,Record*)>\n<!ATTLIST HealthData locale CDATA #REQUIRED>\n",
    "<!ELEMENT Record (MetadataEntry*)>\n]>\n",
    `<HealthData locale="en_GB">\n <ExportDate value="${exported}"/>\n`,
    ` <Me ${me.map((name) => `HKCharacteristicTypeIdentifier${name}=""`).join(" ")}/>\n`,
  ].join("");
}

/** Prints instants in one fixed offset: `2025-12-01 07:00:00 +0000`. */
function stamper(offset: number): Stamp {
  const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0");
  const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
  const suffix = `${offset < 0 ? "-" : "+"}${hours}${minutes}`;
  return (ms) => {
    const wall = new Date(ms + offset * MINUTE_MS).toISOString();
    return `${wall.slice(0, 10)} ${wall.slice(11, 19)} ${suffix}`;
  };
}
