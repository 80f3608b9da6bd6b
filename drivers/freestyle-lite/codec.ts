import type { SourceIdentity, SourceReading } from "../../src/domain/reading.js";
import { glucose, malformed, readingOf, textRecord } from "../shared/abbott-text/record.js";

/** The word that asks for the whole memory (both sheets send it with the dollar sign). */
export const DUMP_COMMAND = "$mem";

/**
 * A record's line as a reading: value, time, two hex digits, status. What the digits mean is not known (sheet b calls
 * them the plasma type): they stay in the raw bytes. Throws FRAME_MALFORMED with the offset of what does not fit.
 */
export function readRecord(line: Uint8Array): SourceReading {
  const record = textRecord(line, 2);
  if (!/^[0-9A-Fa-f]{2}$/.test(record.mark)) throw malformed("A record's two digits do not fit.", line, 24);
  return readingOf(record, glucose(record.amount));
}

/** Who the meter is: the first letter of its serial number tells the model (sheet a); another letter leaves it open. */
export function readIdentity(serial: string, version: string): SourceIdentity {
  return {
    manufacturer: "Abbott",
    model: MODELS.get(serial.charAt(0)) ?? null,
    serial,
    firmware: version === "" ? null : version,
    // Not on the wire (sheet b).
    displayUnit: null,
  };
}

const MODELS: ReadonlyMap<string, string> = new Map([
  ["C", "FreeStyle Freedom Lite"],
  ["D", "FreeStyle Lite"],
]);
