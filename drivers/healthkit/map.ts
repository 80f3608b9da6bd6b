import type { SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { Delivery, Meal } from "../../src/domain/record.js";
import { parseInstant } from "./date.js";
import type { RecordDevice } from "./device.js";
import type { SampleName } from "./keys.js";
import type { ScannedRecord } from "./scanner.js";
import { SAMPLE_TYPES, type SampleType } from "./types.js";

/** A record that was understood, still without its key, and what the key is made of. */
export interface Mapped {
  readonly reading: Omit<SourceReading, "sourceKey">;
  readonly name: SampleName;
}

/** What mapping remembers from one record to the next: `createOffsets` and `createDevices`. */
export interface Lookups {
  offsetOf(zone: string, instantMs: number): number | null;
  deviceOf(printed: string): RecordDevice | null;
}

/** Why a record can't be read, one sentence. */
class Unfit extends Error {}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
/** HKBloodGlucoseMealTime: these two values only (Apple: preprandial, postprandial). */
const MEALS: ReadonlyMap<string, Meal> = new Map([
  ["1", "before"],
  ["2", "after"],
]);
/** HKInsulinDeliveryReason: these two values only (Apple). */
const DELIVERIES: ReadonlyMap<string, Delivery> = new Map([
  ["1", "basal"],
  ["2", "bolus"],
]);

/**
 * One `Record` of a known type as a reading: value, unit and instant as sent. Gives
 * an {@link Unreadable} (IMPORT_MALFORMED) where anything on which the reading rests is missing, damaged or unknown.
 */
export function mapRecord(record: ScannedRecord, lookups: Lookups): Mapped | Unreadable {
  try {
    return map(record, lookups);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    const detail = `The record at byte ${record.offset} can't be read: ${error.message}.`;
    return { code: "IMPORT_MALFORMED", detail, raw: record.raw };
  }
}

function map(record: ScannedRecord, lookups: Lookups): Mapped {
  if (record.damage !== null) throw new Unfit(record.damage);
  const type = attribute(record, "type");
  const sample = SAMPLE_TYPES.get(type);
  if (sample === undefined) throw new Unfit(`its type ${type} is not known`);
  const sourceName = attribute(record, "sourceName");
  const { value, unit, asSent } = quantity(record, sample);
  const startMs = instant(record, "startDate");
  const endMs = instant(record, "endDate");
  if (endMs < startMs) throw new Unfit("it ends before it begins");
  const zone = said(record, "HKTimeZone");
  return {
    reading: {
      kind: sample.kind,
      value,
      value2: null,
      unit,
      outOfRange: outOfRange(record),
      control: false,
      meal: sample.kind === "glucose" ? (MEALS.get(said(record, "HKBloodGlucoseMealTime") ?? "") ?? null) : null,
      specimen: null,
      delivery:
        sample.kind === "insulin" ? (DELIVERIES.get(said(record, "HKInsulinDeliveryReason") ?? "") ?? null) : null,
      note: null,
      deviceTime: null,
      instantMs: startMs,
      endMs: endMs > startMs ? endMs : null,
      utcOffset: zone === null ? null : lookups.offsetOf(zone, startMs),
      index: null,
      asSent,
      device: device(record, lookups),
      sourceName: sourceName === "" ? null : sourceName,
      raw: record.raw,
    },
    name: {
      type,
      sourceName,
      startMs,
      endMs,
      content: `${value} ${unit}`,
      additive: sample.additive,
      syncIdentifier: said(record, "HKMetadataKeySyncIdentifier"),
      externalUuid: said(record, "HKExternalUUID"),
      child: record.child,
    },
  };
}

function attribute(record: ScannedRecord, name: string): string {
  const value = record.attributes.get(name);
  if (value === undefined) throw new Unfit(`it has no ${name}`);
  return value;
}

/** What a metadata key says; null if it says nothing, or several things. */
function said(record: ScannedRecord, key: string): string | null {
  if (record.metadata.length === 0) return null;
  const values = new Set(record.metadata.filter(([name]) => name === key).map(([, value]) => value));
  const [value] = values;
  return values.size === 1 && value !== undefined && value !== "" ? value : null;
}

function quantity(record: ScannedRecord, sample: SampleType): { value: number; unit: string; asSent: string } {
  const printed = attribute(record, "value");
  const printedUnit = attribute(record, "unit");
  const unit = sample.unit(printedUnit);
  if (unit === null) throw new Unfit(`${sample.kind} in ${JSON.stringify(printedUnit)} is not read`);
  const value = NUMBER.test(printed) ? Number(printed) : Number.NaN;
  if (!Number.isFinite(value)) throw new Unfit(`its value ${JSON.stringify(printed)} is no number`);
  // Nobody's glucose, pulse or weight is nothing; a dose or a count may be.
  if (value < 0 || (value === 0 && !sample.additive)) throw new Unfit(`${sample.kind} can't be ${printed}`);
  return { value, unit, asSent: `${printed} ${printedUnit}` };
}

function instant(record: ScannedRecord, name: string): number {
  const printed = attribute(record, name);
  const ms = parseInstant(printed);
  if (ms === null) throw new Unfit(`its ${name} ${JSON.stringify(printed)} is no date`);
  return ms;
}

/** A meter that shows LO or HI has its bound written as the value, and this beside it: never a plain number. */
function outOfRange(record: ScannedRecord): "low" | "high" | null {
  const low = clamped(record, "HKMetadataKeyQuantityClampedToLowerBound");
  const high = clamped(record, "HKMetadataKeyQuantityClampedToUpperBound");
  if (low && high) throw new Unfit("it is said to be below and above what its device can measure");
  return low ? "low" : high ? "high" : null;
}

function clamped(record: ScannedRecord, key: string): boolean {
  let answer = false;
  for (const [name, value] of record.metadata) {
    if (name !== key) continue;
    if (/^(1|true|yes)$/i.test(value)) answer = true;
    else if (!/^(0|false|no)$/i.test(value)) throw new Unfit(`its ${key} is ${JSON.stringify(value)}`);
  }
  return answer;
}

function device(record: ScannedRecord, lookups: Lookups): SourceReading["device"] {
  const printed = record.attributes.get("device");
  const parsed = printed === undefined ? null : lookups.deviceOf(printed);
  const manufacturer = parsed?.manufacturer ?? said(record, "HKDeviceManufacturerName");
  const model = parsed?.model ?? said(record, "HKDeviceName");
  return manufacturer === null && model === null ? null : { manufacturer, model, serial: null };
}
