import type { SourceIdentity, SourceReading } from "../../src/domain/reading.js";
import { glucose, type Measured, malformed, readingOf, textRecord } from "../shared/abbott-text/record.js";

/** The word that asks for the whole memory (both sheets). */
export const DUMP_COMMAND = "$xmem";

/**
 * A record's line as a reading: value, time, `G` for glucose or `K` for ketone, status (both sheets). Another letter would
 * be another kind of value, so that is no reading. Throws FRAME_MALFORMED with the offset of what does not fit.
 */
export function readRecord(line: Uint8Array): SourceReading {
  const record = textRecord(line, 1);
  switch (record.mark) {
    case "G":
      return readingOf(record, glucose(record.amount));
    case "K":
      return readingOf(record, ketone(record.amount, line));
    default:
      throw malformed("A record is of a kind that is not known.", line, 24);
  }
}

/** Who the meter is. It is sold under three names, and says none of them. */
export function readIdentity(serial: string, version: string, displayUnit: string | null): SourceIdentity {
  return {
    manufacturer: "Abbott",
    model: "Precision Xtra",
    serial,
    firmware: version === "" ? null : version,
    displayUnit,
  };
}

/**
 * Above how many mmol/L ketone is HI: 8.0 (sheet b, by the document); sheet a's program takes 10.0 for want of a known
 * value. "More than 8.0" is true by either.
 */
const KETONE_HIGH = 8;

/**
 * Ketone comes as 18 times the mmol/L (both sheets). Eighteenths are finer than the tenths that the display shows, and
 * every tenth has a number of its own: rounding to tenths gives what the display showed, and claims no more.
 */
function ketone(amount: string, line: Uint8Array): Measured {
  if (amount === "HI ") return { kind: "ketone", value: KETONE_HIGH, unit: "mmol/L", outOfRange: "high" };
  // No bound is known, and sheet a says that there is no such thing.
  if (amount === "LO ") throw malformed("A ketone value can't be LO.", line, 0);
  return { kind: "ketone", value: Math.round((Number(amount) * 10) / 18) / 10, unit: "mmol/L", outOfRange: null };
}
