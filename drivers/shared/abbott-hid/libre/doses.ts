import { isProblem } from "../../../../src/domain/problem.js";
import type { Unreadable } from "../../../../src/domain/reading.js";
import { type Fields, malformed, numberAt } from "../fields.js";
import type { Said } from "../reading.js";
import type { LibreColumns } from "./columns.js";
import { flagAt } from "./record.js";

/** What stands behind a record with rapid-acting insulin: a kind, the record's own time, a mark, the dose (sheet b). */
export const TRAILER_COLUMNS = 9;
/** The trailer's first column and the one before its last. */
const TRAILER_KIND = 7;
const TRAILER_MARK = 1;
/** Doses come as half units (sheet b). */
const HALVES = 2;

/** What a person entered, but for time and number; or a dose that can't be told for sure. */
export type Dose = { readonly said: Omit<Said, "deviceTime"> } | { readonly unreadable: Unreadable };

/** Insulin and food of a record. What was only ticked, without an amount, is a note: nobody took nothing. */
export function readDoses(fields: Fields, event: LibreColumns["event"]): readonly Dose[] {
  return [
    ...attempt(fields, () => rapid(fields, event)),
    ...attempt(fields, () => long(fields, event)),
    ...attempt(fields, () => food(fields, event)),
  ];
}

/**
 * The dose is the last column, counted from the end: how many stand before it differs from reader to reader, and another
 * reader's place holds a minute. The trailer must repeat the record's own time, so that nothing else is taken for it.
 */
function rapid(fields: Fields, { columns }: LibreColumns["event"]): readonly Dose[] {
  const { length } = fields.all;
  const isMarked = flagAt(fields, 17);
  if (!isMarked && length === columns) return [];
  if (!isMarked || length !== columns + TRAILER_COLUMNS) {
    throw malformed(fields, 17, "and the record's length disagree on rapid-acting insulin");
  }
  const from = length - TRAILER_COLUMNS;
  if (numberAt(fields, from) !== TRAILER_KIND) throw malformed(fields, from, "begins a trailer that is not known");
  for (let part = 0; part < 6; part += 1) {
    if (numberAt(fields, from + 1 + part) !== numberAt(fields, 2 + part)) {
      throw malformed(fields, from + 1 + part, "does not repeat the record's time before the dose");
    }
  }
  if (numberAt(fields, length - 2) !== TRAILER_MARK) throw malformed(fields, length - 2, "is not known before a dose");
  return insulin(numberAt(fields, length - 1), "rapid", "bolus", "Rapid-acting insulin");
}

function long(fields: Fields, { longDose }: LibreColumns["event"]): readonly Dose[] {
  const halves = numberAt(fields, longDose);
  if (flagAt(fields, 18)) return insulin(halves, "long", "basal", "Long-acting insulin");
  if (halves !== 0) throw malformed(fields, longDose, "is a long-acting dose that is not marked as one");
  return [];
}

function food(fields: Fields, { foodFlag, foodGrams }: LibreColumns["event"]): readonly Dose[] {
  const grams = numberAt(fields, foodGrams);
  if (!flagAt(fields, foodFlag)) {
    if (grams !== 0) throw malformed(fields, foodGrams, "is food that is not marked as such");
    return [];
  }
  if (grams === 0) return [ticked("food", "Food")];
  return [{ said: { kind: "carbs", value: grams, unit: "g", asSent: `food ${grams}` } }];
}

function insulin(halves: number, word: string, delivery: "basal" | "bolus", name: string): readonly Dose[] {
  if (halves === 0) return [ticked(word, name)];
  return [{ said: { kind: "insulin", value: halves / HALVES, unit: "U", delivery, asSent: `${word} ${halves}` } }];
}

function ticked(word: string, name: string): Dose {
  return {
    said: { kind: "note", value: null, unit: null, asSent: `${word} 0`, notes: [`${name}, no amount entered`] },
  };
}

function attempt(fields: Fields, read: () => readonly Dose[]): readonly Dose[] {
  try {
    return read();
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return [{ unreadable: { code: error.code, detail: error.message, raw: fields.line } }];
  }
}
