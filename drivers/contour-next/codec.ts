import { isProblem, Problem } from "../../src/domain/problem.js";
import { type Opening, readContourOpening } from "../shared/astm/contour.js";
import { readTerminator, type Told } from "../shared/astm/dump.js";
import type { Frame } from "../shared/astm/frame.js";
import type { AstmHeader } from "../shared/astm/header.js";
import { readingOf } from "../shared/astm/reading.js";
import { isResult, readResult } from "../shared/astm/result.js";
import { isLogbook, logbookReading } from "./logbook.js";
import { modelOf } from "./models.js";

/** Reads a header and who it names. Throws FRAME_MALFORMED if it is none, METER_UNSUPPORTED for another maker's product. */
export function readOpening(frame: Frame): Opening {
  return readContourOpening(frame, modelOf);
}

/**
 * What a record of a dump is: a glucose result, an entry of the logbook (insulin, carbohydrates), the end, or nothing of
 * interest. Results of another test, and records that nobody has seen, are unreadable.
 */
export function readRecord({ text, raw }: Frame, header: AstmHeader): Told {
  const end = readTerminator(text);
  if (end !== null) return end;
  // Patient (both sheets) and order (sheet a, serial models): they say nothing of a result.
  if (/^[PO](?:\||$)/.test(text)) return { is: "other" };
  try {
    if (!isResult(text)) throw new Problem("FRAME_MALFORMED", "The record is of a kind that is not known.");
    const result = readResult(text);
    const reading = isLogbook(result) ? logbookReading(result, raw) : readingOf(result, header.settings.get("V"), raw);
    return { is: "reading", reading };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return { is: "unreadable", problem: error };
  }
}
