import type { SourceReading } from "../domain/reading.js";

/** What a meter tells of one test; the rest of a reading is empty. */
export type MeterTold = Pick<
  SourceReading,
  "kind" | "value" | "unit" | "outOfRange" | "control" | "meal" | "note" | "deviceTime" | "asSent" | "raw"
> &
  Partial<Pick<SourceReading, "index" | "specimen" | "delivery" | "testKey">>;

/**
 * A reading of a meter, all that it does not tell left empty. The specimen of a test with control solution is that; of
 * others it is null unless the meter says where the blood came from. Written out property by property: spreading one
 * object into another costs ten times as much, and a memory has a thousand of them.
 */
export function meterReading(told: MeterTold): SourceReading {
  const { kind, value, unit, outOfRange, control, meal, note, deviceTime, asSent, raw } = told;
  const reading: { -readonly [name in keyof SourceReading]: SourceReading[name] } = {
    kind,
    value,
    value2: null,
    unit,
    outOfRange,
    control,
    meal,
    specimen: told.specimen ?? (control ? "control" : null),
    delivery: told.delivery ?? null,
    note,
    deviceTime,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: told.index ?? null,
    asSent,
    sourceKey: null,
    device: null,
    sourceName: null,
    raw,
  };
  if (told.testKey !== undefined) reading.testKey = told.testKey;
  return reading;
}
