import type { SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { Delivery, Meal } from "../../src/domain/record.js";
import type { RecordDevice } from "./device.js";
import type { SampleName } from "./keys.js";
import type { Metadata, MetadataKey } from "./metadata.js";
import { printedAttribute } from "./record.js";
import type { ScannedRecord } from "./scanned.js";
import { SAMPLE_TYPES, type SampleType } from "./types.js";

/** A record that was understood: what its key is made of, and what was found out on the way. */
export interface Understood extends SampleName {
  sample: SampleType;
  outOfRange: "low" | "high" | null;
}

/** What mapping remembers from one record to the next: `createOffsets`. */
export interface Lookups {
  offsetOf(zone: string, instantMs: number): number | null;
}

/** Why a record can't be read, one sentence. */
class Unfit extends Error {}

/** HKBloodGlucoseMealTime: these two values only (Apple: preprandial, postprandial). */
const MEALS: ReadonlyMap<string | null, Meal> = new Map([
  ["1", "before"],
  ["2", "after"],
]);
/** HKInsulinDeliveryReason: these two values only (Apple). */
const DELIVERIES: ReadonlyMap<string | null, Delivery> = new Map([
  ["1", "basal"],
  ["2", "bolus"],
]);

/**
 * Understands one `Record` of a known type, into an object that is filled anew for each. Gives why it can't be read, one
 * sentence without its full stop, where anything on which the reading rests is missing, damaged or unknown; else null.
 */
export function understand(
  record: Readonly<ScannedRecord>,
  metadata: Metadata,
  into: Mutable<Understood>,
): string | null {
  try {
    fill(record, metadata, into);
    return null;
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return error.message;
  }
}

/** The object that {@link understand} fills. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** An element that can't be read (IMPORT_MALFORMED): where it begins in the file, why, and its bytes. */
export function unreadable(offset: number, why: string, raw: Uint8Array): Unreadable {
  return { code: "IMPORT_MALFORMED", detail: `The record at byte ${offset} can't be read: ${why}.`, raw };
}

function fill(record: Readonly<ScannedRecord>, metadata: Metadata, into: Mutable<Understood>): void {
  const { sample, sourceName, printed, value } = record;
  if (record.damage !== null) throw new Unfit(record.damage);
  if (sample === null) throw new Unfit("it says two things about its type");
  if (sourceName === null) throw new Unfit("it has no sourceName");
  into.unit = unitOf(record, sample);
  if (!Number.isFinite(value)) throw new Unfit(`its value ${JSON.stringify(printed)} is no number`);
  // Nobody's glucose, pulse or weight is nothing; a dose or a count may be.
  if (value < 0 || (value === 0 && !sample.additive)) throw new Unfit(`${sample.kind} can't be ${printed}`);
  into.startMs = record.startMs ?? noDate(record, "startDate");
  into.endMs = record.endMs ?? noDate(record, "endDate");
  if (into.endMs < into.startMs) throw new Unfit("it ends before it begins");
  into.sample = sample;
  into.type = sample.type;
  into.additive = sample.additive;
  into.sourceName = sourceName;
  into.value = value;
  into.child = record.element.child;
  const plain = metadata.length === 0;
  into.outOfRange = plain ? null : outOfRange(metadata);
  into.syncIdentifier = plain ? null : said(metadata, "HKMetadataKeySyncIdentifier");
  into.syncVersion = plain ? null : versionOf(metadata);
  into.externalUuid = plain ? null : said(metadata, "HKExternalUUID");
}

/** What {@link understand} is given first. */
export function nothingUnderstood(): Mutable<Understood> {
  return {
    sample: SAMPLE_TYPES[0] as SampleType,
    type: "",
    sourceName: "",
    startMs: 0,
    endMs: 0,
    value: 0,
    value2: null,
    unit: "",
    additive: false,
    syncIdentifier: null,
    syncVersion: null,
    externalUuid: null,
    child: false,
    outOfRange: null,
  };
}

/** The reading of a record that was understood: value, unit and instant as sent. */
export function readingOf(
  record: Readonly<ScannedRecord>,
  metadata: Metadata,
  known: Readonly<Understood>,
  sourceKey: string | null,
  lookups: Lookups,
  raw: Uint8Array,
): SourceReading {
  const { sample, startMs, endMs, sourceName } = known;
  const zone = said(metadata, "HKTimeZone");
  return {
    kind: sample.kind,
    value: known.value,
    value2: null,
    unit: known.unit,
    outOfRange: known.outOfRange,
    control: false,
    meal: sample.kind === "glucose" ? (MEALS.get(said(metadata, "HKBloodGlucoseMealTime")) ?? null) : null,
    specimen: null,
    delivery: sample.kind === "insulin" ? (DELIVERIES.get(said(metadata, "HKInsulinDeliveryReason")) ?? null) : null,
    note: null,
    deviceTime: null,
    instantMs: startMs,
    endMs: endMs > startMs ? endMs : null,
    utcOffset: zone === null ? null : lookups.offsetOf(zone, startMs),
    index: null,
    asSent: `${record.printed} ${record.unit?.text}`,
    sourceKey,
    device: deviceOf(record.device, metadata),
    sourceName: sourceName === "" ? null : sourceName,
    raw,
  };
}

/** What a metadata key says; null if it says nothing, or several things. */
export function said(metadata: Metadata, key: MetadataKey): string | null {
  let answer: string | null = null;
  for (const [name, value] of metadata) {
    if (name !== key) continue;
    if (answer !== null && answer !== value) return null;
    answer = value;
  }
  return answer === "" ? null : answer;
}

/** HKMetadataKeySyncVersion, a number; null if there is none that can be compared. */
export function versionOf(metadata: Metadata): number | null {
  const version = said(metadata, "HKMetadataKeySyncVersion");
  return version !== null && /^\d{1,15}(\.\d{1,6})?$/.test(version) ? Number(version) : null;
}

/** Maker and model by the `device` text, else by the metadata; null if neither names one. */
export function deviceOf(device: RecordDevice | null, metadata: Metadata): RecordDevice | null {
  if (metadata.length === 0) return device;
  const manufacturer = device?.manufacturer ?? said(metadata, "HKDeviceManufacturerName");
  const model = device?.model ?? said(metadata, "HKDeviceName");
  if (manufacturer === null && model === null) return null;
  return device?.manufacturer === manufacturer && device?.model === model
    ? device
    : { manufacturer, model, serial: null };
}

function unitOf(record: Readonly<ScannedRecord>, sample: SampleType): string {
  if (record.printed === null) throw new Unfit("it has no value");
  if (record.unit === null) throw new Unfit("it has no unit");
  const unit = record.unit.of(sample);
  if (unit === null) throw new Unfit(`${sample.kind} in ${JSON.stringify(record.unit.text)} is not read`);
  return unit;
}

function noDate(record: Readonly<ScannedRecord>, name: string): never {
  const printed = printedAttribute(record.element, name);
  throw new Unfit(printed === null ? `it has no ${name}` : `its ${name} ${JSON.stringify(printed)} is no date`);
}

/** A meter that shows LO or HI has its bound written as the value, and this beside it: never a plain number. */
function outOfRange(metadata: Metadata): "low" | "high" | null {
  const low = clamped(metadata, "HKMetadataKeyQuantityClampedToLowerBound");
  const high = clamped(metadata, "HKMetadataKeyQuantityClampedToUpperBound");
  if (low && high) throw new Unfit("it is said to be below and above what its device can measure");
  return low ? "low" : high ? "high" : null;
}

function clamped(metadata: Metadata, key: MetadataKey): boolean {
  let answer = false;
  for (const [name, value] of metadata) {
    if (name !== key) continue;
    if (/^(1|true|yes)$/i.test(value)) answer = true;
    else if (!/^(0|false|no)$/i.test(value)) throw new Unfit(`its ${key} is ${JSON.stringify(value)}`);
  }
  return answer;
}
