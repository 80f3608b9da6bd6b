import { derivedId } from "../domain/identity.js";
import type { SourceIdentity, SourceReading, Unreadable } from "../domain/reading.js";
import type { RecordFields, Source } from "../domain/record.js";
import { recordFaults } from "../domain/validate.js";
import type { NewRecord } from "../store/records.js";
import type { PlacedTime, PlaceTime } from "./place-time.js";

/** What one session knows about its readings. */
export interface NormaliserOptions {
  readonly source: Source;
  readonly sourceName: string | null;
  readonly identity: SourceIdentity;
  readonly place: PlaceTime;
  /** The patient of a device of that serial. */
  readonly patientOf: (serial: string | null) => string | null;
}

/** A reading as a record, or what is wrong with it where it is none that may be kept as a value. */
export type Normalised =
  | { readonly record: NewRecord; readonly unreadable: null }
  | { readonly record: null; readonly unreadable: Unreadable };

/**
 * Gives the function that turns one session's readings into records, in their order: values and units exactly as sent,
 * the time placed, the id derived. What fits no record comes back as RECORD_INVALID with its bytes; nothing is dropped.
 *
 * The function counts equal readings, so that two of the same second both live and reading the source again gives the
 * same ids: use one for each session, and one session's readings only.
 */
export function normaliser(options: NormaliserOptions): (reading: SourceReading) => Normalised {
  const occurrences = new Map<string, number>();

  return (reading) => {
    if (reading.record !== undefined) return ownRecord(reading, reading.record);
    const device = reading.device ?? options.identity;
    const { instantMs, endMs } = reading;
    let placed: PlacedTime | null = null;
    let time: string;
    let endTime: string | null;
    try {
      if (instantMs === null) placed = options.place(reading.deviceTime, reading.order);
      time = placed === null ? isoInstant(instantMs ?? 0) : placed.time;
      endTime = endMs === null ? null : endMs === instantMs ? time : isoInstant(endMs);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return invalid(reading, `Its time can't be placed: ${error.message}.`);
    }
    // One literal with every field in its order: put together from parts, a record of an import costs ten times as much.
    const fields: RecordFields = {
      time,
      endTime,
      utcOffset: placed === null ? reading.utcOffset : placed.utcOffset,
      deviceTime: reading.deviceTime,
      timeQuality: placed === null ? "exact" : placed.timeQuality,
      value: reading.value,
      value2: reading.value2,
      unit: reading.unit,
      outOfRange: reading.outOfRange,
      control: reading.control,
      meal: reading.meal,
      specimen: reading.specimen,
      delivery: reading.delivery,
      note: reading.note,
      patient: options.patientOf(device.serial),
      source: options.source,
      sourceName: reading.sourceName ?? options.sourceName,
      manufacturer: device.manufacturer,
      model: device.model,
      serial: device.serial,
    };
    const id = idOf(reading, fields, occurrences);
    const faults = recordFaults(id, reading.kind, fields);
    if (faults.length > 0) return invalid(reading, `${faults.join("; ")}.`);
    return { record: { id, kind: reading.kind, fields, raw: reading.raw }, unreadable: null };
  };
}

/**
 * A source that names its readings is believed. All others are told apart by everything that the device said and the
 * hub did not add: never the estimated instant, the patient or the port, which may differ the next time.
 */
function idOf(reading: SourceReading, fields: RecordFields, occurrences: Map<string, number>): string {
  const { source, serial } = fields;
  if (reading.sourceKey !== null) return derivedId(source, reading.sourceKey, reading.kind);
  const parts =
    reading.testKey === undefined
      ? partsOf(reading, fields)
      : [source, "test", serial, reading.kind, reading.testKey, reading.control ? 1 : 0];
  const key = derivedId(...parts);
  const occurrence = occurrences.get(key) ?? 0;
  occurrences.set(key, occurrence + 1);
  return derivedId(...parts, occurrence);
}

function partsOf(reading: SourceReading, fields: RecordFields): readonly (string | number | null)[] {
  const { source, manufacturer, serial, sourceName } = fields;
  return [
    source,
    manufacturer,
    serial,
    reading.kind,
    reading.deviceTime,
    reading.index,
    reading.asSent,
    reading.control ? 1 : 0,
    // A meter's identity ends here; an export's readings may come from many apps and have instants instead.
    ...(source === "meter" || source === "cgm" ? [] : [sourceName, reading.instantMs, reading.endMs]),
  ];
}

function isoInstant(ms: number): string {
  return new Date(ms).toISOString();
}

function invalid(reading: SourceReading, detail: string): Normalised {
  return { record: null, unreadable: { code: "RECORD_INVALID", detail, raw: reading.raw } };
}

/** What a hub exported is believed as it stands, its id too: nobody can derive that again from what the list holds. */
function ownRecord(reading: SourceReading, { id, fields }: NonNullable<SourceReading["record"]>): Normalised {
  const faults = recordFaults(id, reading.kind, fields);
  if (faults.length > 0) return invalid(reading, `${faults.join("; ")}.`);
  return { record: { id, kind: reading.kind, fields, raw: reading.raw }, unreadable: null };
}
