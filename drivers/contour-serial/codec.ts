import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceIdentity, SourceReading } from "../../src/domain/reading.js";
import type { Frame } from "../shared/astm/frame.js";
import { type AstmHeader, readHeader } from "../shared/astm/header.js";
import { isAverage, readingOf } from "../shared/astm/reading.js";
import { type AstmResult, isResult, readResult } from "../shared/astm/result.js";
import { wallOfStamp } from "../shared/astm/wall.js";
import { modelOf } from "./models.js";

/** Place of the serial number among the components of the product field, counted from 0 (both sheets). */
export const SERIAL_COMPONENT = 2;

/** What a Contour says before its results. */
export interface Opening {
  readonly header: AstmHeader;
  readonly identity: SourceIdentity;
}

/** What a record of a dump is. */
export type Told =
  | { readonly is: "reading"; readonly reading: SourceReading }
  | { readonly is: "average" }
  | { readonly is: "end"; readonly whole: boolean }
  | { readonly is: "other" }
  | { readonly is: "unreadable"; readonly problem: Problem };

/** Reads a header and who it names. Throws FRAME_MALFORMED if it is none, METER_UNSUPPORTED for another maker's product. */
export function readOpening(frame: Frame): Opening {
  const header = readHeader(frame.text);
  const model = modelOf(header.product);
  if (model === null) {
    throw new Problem("METER_UNSUPPORTED", `The meter calls itself ${header.product}: it is no Contour.`);
  }
  return {
    header,
    identity: {
      // One name for all, although older ones call themselves Bayer: the same meter must not become two.
      manufacturer: "Ascensia",
      model,
      serial: header.components[SERIAL_COMPONENT] || null,
      firmware: header.versions.join(" ") || null,
      displayUnit: header.displayUnit,
    },
  };
}

/** What the meter's clock showed when it sent its header. Throws FRAME_MALFORMED if that is no time. */
export function readClock({ clock }: AstmHeader): string {
  return wallOfStamp(clock ?? "");
}

/**
 * What a record is. `first` is true for the first result of a dump: in its place meters send their average (sheet a). One
 * that is named `GlucoseA` is known to be it; one that is named like a reading can't be told apart, and is no reading.
 */
export function readRecord(frame: Frame, header: AstmHeader, first: boolean): Told {
  const { text, raw } = frame;
  if (isResult(text)) return readResultRecord(text, raw, header, first);
  // E1394: a message ends with `L|1|N`, another letter says that the sender broke it off. Meters also leave it empty.
  if (text.startsWith("L|") || text === "L") return { is: "end", whole: ["", "N"].includes(endingOf(text)) };
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

function endingOf(text: string): string {
  const [, , third = "", fourth = ""] = text.split("|");
  return third || fourth;
}

function unreadable(detail: string): Told {
  return { is: "unreadable", problem: new Problem("FRAME_MALFORMED", detail) };
}
