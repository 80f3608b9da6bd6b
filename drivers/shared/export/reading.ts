import type { SourceReading } from "../../../src/domain/reading.js";

/** What an export tells of one reading; all that it does not tell is left out. */
export type ExportReading = Pick<SourceReading, "kind" | "value" | "unit" | "asSent" | "raw"> &
  Partial<Omit<SourceReading, "kind" | "value" | "unit" | "asSent" | "raw" | "sourceKey" | "index">>;

/** The reading under its permanent name, with all that it does not tell left empty. */
export function exportReading(told: ExportReading, sourceKey: string): SourceReading {
  const { order } = told;
  const reading: SourceReading = {
    kind: told.kind,
    value: told.value,
    value2: told.value2 ?? null,
    unit: told.unit,
    outOfRange: told.outOfRange ?? null,
    control: told.control ?? false,
    meal: told.meal ?? null,
    specimen: told.specimen ?? null,
    delivery: told.delivery ?? null,
    note: told.note ?? null,
    deviceTime: told.deviceTime ?? null,
    instantMs: told.instantMs ?? null,
    endMs: told.endMs ?? null,
    utcOffset: told.utcOffset ?? null,
    index: null,
    asSent: told.asSent,
    sourceKey,
    device: told.device ?? null,
    sourceName: told.sourceName ?? null,
    raw: told.raw,
  };
  return order === undefined ? reading : { ...reading, order };
}

/** A reading that is being put together; it has its name when it is told. */
export type Draft = { -readonly [Name in keyof SourceReading]: SourceReading[Name] };

/**
 * A reading of these, all else empty, to be filled in and told. For formats of which files hold millions: putting one object
 * into another for each takes more time than reading the row.
 */
export function draftReading(
  kind: SourceReading["kind"],
  amount: Pick<SourceReading, "value" | "unit" | "asSent">,
  raw: Uint8Array,
): Draft {
  return {
    kind,
    value: amount.value,
    value2: null,
    unit: amount.unit,
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    note: null,
    deviceTime: null,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    asSent: amount.asSent,
    sourceKey: null,
    device: null,
    sourceName: null,
    raw,
  };
}
