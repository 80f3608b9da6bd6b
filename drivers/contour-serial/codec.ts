import { isProblem, Problem } from "../../src/domain/problem.js";
import { type Opening, readContourOpening } from "../shared/astm/contour.js";
import { readTerminator, type Told } from "../shared/astm/dump.js";
import type { Frame } from "../shared/astm/frame.js";
import type { AstmHeader } from "../shared/astm/header.js";
import { isAverage, readingOf } from "../shared/astm/reading.js";
import { type AstmResult, isResult, readResult } from "../shared/astm/result.js";
import { modelOf } from "./models.js";

/** Reads a header and who it names. Throws FRAME_MALFORMED if it is none, METER_UNSUPPORTED for another maker's product. */
export function readOpening(frame: Frame): Opening {
  return readContourOpening(frame, modelOf);
}

/**
 * What a record is. `first` is true for the first result of a dump: in its place meters send their average (sheet a). One
 * that is named `GlucoseA` is known to be it; one that is named like a reading can't be told apart, and is no reading.
 */
export function readRecord(frame: Frame, header: AstmHeader, first: boolean): Told {
  const { text, raw } = frame;
  if (isResult(text)) return readResultRecord(text, raw, header, first);
  const end = readTerminator(text);
  if (end !== null) return end;
  // Patient and order (both sheets): they say nothing of a result.
  if (/^[PO](?:\||$)/.test(text)) return { is: "other" };
  return unreadable("The record is of a kind that is not known.");
}

function readResultRecord(text: string, raw: Uint8Array, header: AstmHeader, first: boolean): Told {
  try {
    const result: AstmResult = readResult(text);
    if (isAverage(result)) return { is: "average" };
    const reading = readingOf(result, header.settings.get("V"), raw);
    if (!first) return { is: "reading", reading };
    return unreadable("The first result stands where meters send their average, and can't be told from it.");
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return { is: "unreadable", problem: error };
  }
}

function unreadable(detail: string): Told {
  return { is: "unreadable", problem: new Problem("FRAME_MALFORMED", detail) };
}
