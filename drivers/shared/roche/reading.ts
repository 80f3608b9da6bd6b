import type { SourceReading } from "../../../src/domain/reading.js";

/** A reading of a report, all that it does not tell left empty. */
export function reportReading(
  told: Pick<SourceReading, "kind" | "value" | "unit" | "deviceTime" | "asSent" | "sourceKey" | "raw"> &
    Partial<Pick<SourceReading, "outOfRange" | "control" | "meal" | "note">>,
): SourceReading {
  const { control = false, outOfRange = null, meal = null, note = null, ...rest } = told;
  return {
    value2: null,
    outOfRange,
    control,
    meal,
    specimen: control ? "control" : null,
    delivery: null,
    note,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    device: null,
    sourceName: null,
    ...rest,
  };
}
