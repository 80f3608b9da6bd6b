import type { SourceReading } from "../../../../src/domain/reading.js";
import { glucoseOf, ketoneOf, lowGlucose, type Measured, SENSOR_LIMITS, STRIP_LIMITS } from "../amounts.js";
import { type Fields, fieldsOf, malformed, numberAt } from "../fields.js";
import { readingOf, type Said, wallAt, whenOf } from "../reading.js";
import type { Told } from "../tell.js";
import type { LibreColumns } from "./columns.js";
import { readDoses, TRAILER_COLUMNS } from "./doses.js";
import { notesOf } from "./notes.js";
import { columnsFor, flagAt, isWithoutValue } from "./record.js";

/** What a record of `$arresult?` is about (sheet b). */
const RESULT = 2;
const CLOCK_CHANGE = 5;
/**
 * Kinds that hold no reading: marks of the memory's turning over, errors and settings. Named by sheet a for the reader's
 * binary tables, whose other kinds have the same numbers as in text.
 */
const NO_READING: ReadonlySet<number> = new Set([13, 14, 17, ...Array.from({ length: 21 }, (_, at) => 32 + at)]);
/** Also of this list in sheet a, but a clock change of another kind, whose layout in text is not known. */
const OTHER_CLOCK_CHANGE = 46;
/** Columns of a clock change that mean something. */
const CHANGE_COLUMNS = 15;

/** What was measured. */
const STRIP = 0;
const KETONE_STRIP = 1;
const SCAN = 2;

/**
 * What a record of `$arresult?` tells: a strip or a scan, and what the person entered with it. The reader's layout is known by
 * the number of its columns. Throws FRAME_MALFORMED for a record that is not understood as a whole.
 */
export function readEvent(line: Uint8Array, readers: readonly LibreColumns[]): readonly Told[] {
  const fields = fieldsOf(line);
  const [number, type] = [numberAt(fields, 0), numberAt(fields, 1)];
  if (type === CLOCK_CHANGE) return [{ change: changeOf(fields, number) }];
  if (NO_READING.has(type) && type !== OTHER_CLOCK_CHANGE) return [{ passedOver: `records of kind ${type}` }];
  if (type !== RESULT) throw malformed(fields, 1, `is ${type}, a kind of record that is not known here`);

  const reader = columnsFor(fields, readers, ({ event }) => [event.columns, event.columns + TRAILER_COLUMNS]);
  const { event } = reader;
  const when = whenOf(fields, 2, true, 8);
  const common = { deviceTime: when.deviceTime, index: number, order: number };
  const notes = notesOf(fields, event);
  const measured = measuredOf(fields, event.error);
  const told: Told[] = [];
  const add = (said: Said): number => told.push({ reading: readingOf(said, fields) });
  if (measured !== null) {
    add({ ...measured, ...common, notes: [...when.notes, ...notes] });
  } else if (notes.length > 0) {
    const asSent = `note ${notes.join("; ")}`;
    add({ kind: "note", value: null, unit: null, asSent, ...common, notes: [...when.notes, ...notes] });
  } else {
    told.push({ passedOver: "the measurement failed" });
  }
  for (const dose of readDoses(fields, event)) {
    if ("unreadable" in dose) told.push(dose);
    else add({ ...dose.said, ...common, notes: [...when.notes, ...(dose.said.notes ?? [])] });
  }
  return told;
}

/** What was measured, with what and where; null if the measurement failed. */
function measuredOf(
  fields: Fields,
  errorPlace: number,
): (Measured & Pick<SourceReading, "specimen" | "asSent">) | null {
  const [kind, value] = [numberAt(fields, 9), numberAt(fields, 12)];
  if (kind !== STRIP && kind !== KETONE_STRIP && kind !== SCAN)
    throw malformed(fields, 9, `is ${kind}, a kind that is not known`);
  if (flagAt(fields, 13) !== (kind === SCAN))
    throw malformed(fields, 13, "says something else than what was measured with");
  if (isWithoutValue(fields, errorPlace, value)) return null;
  // Set for an error, and for LO (sheet b); errors are gone by here.
  const isLow = flagAt(fields, 11);
  if (kind === KETONE_STRIP) {
    if (isLow) throw malformed(fields, 11, "says that ketone is LO, for which no bound is known");
    return { ...ketoneOf(value, fields, 12), specimen: "capillary", asSent: `ketone ${value}` };
  }
  const [limits, specimen, word] =
    kind === SCAN
      ? ([SENSOR_LIMITS, "interstitial", "scan"] as const)
      : ([STRIP_LIMITS, "capillary", "strip"] as const);
  if (!isLow) return { ...glucoseOf(value, limits, fields, 12), specimen, asSent: `${word} ${value}` };
  if (value > limits.low) throw malformed(fields, 11, `says that ${value} is LO`);
  return { ...lowGlucose(limits.low), specimen, asSent: `${word} LO ${value}` };
}

/** New date and time from column 2 on, whether it is valid in 8, the old one from 9 on (sheet b). */
function changeOf(fields: Fields, order: number): Extract<Told, { change: unknown }>["change"] {
  if (fields.all.length < CHANGE_COLUMNS) throw malformed(fields, fields.all.length, "of a clock change is missing");
  const shown = (from: number): string => fields.all.slice(from, from + 6).join(",");
  const to = numberAt(fields, 8) === 1 ? wallAt(fields, 2, true) : null;
  return { order, from: wallAt(fields, 9, true), to, shownFrom: shown(9), shownTo: shown(2) };
}
