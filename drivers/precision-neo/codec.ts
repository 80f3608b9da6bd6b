import {
  glucoseOf,
  highGlucose,
  highKetone,
  ketoneOf,
  lowGlucose,
  type Measured,
} from "../shared/abbott-hid/amounts.js";
import { type Fields, fieldsOf, malformed, numberAt } from "../shared/abbott-hid/fields.js";
import { readingOf, wallAt, whenOf } from "../shared/abbott-hid/reading.js";
import type { Told } from "../shared/abbott-hid/tell.js";
import { limits } from "./limits.js";

/** The word that asks for the whole memory (both sheets). */
export const RESULT_WORD = "$result?";

/** A record's first field: what it is (both sheets; 10 is sheet b's, 11 has no known layout). */
const CLOCK_CHANGE = 6;
const GLUCOSE = 7;
const KETONE = 9;
const INSULIN = 10;
/** How many fields they have at least (sheet b). */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [CLOCK_CHANGE, 13],
  [GLUCOSE, 19],
  [KETONE, 11],
  [INSULIN, 13],
]);
/** Where every record has its number, its time, and whether the clock was set then (sheet b). */
const NUMBER = 1;
const TIME = 2;
const VALID = 7;
const VALUE = 8;
/** 0 for control solution, else a test of blood (sheet a). */
const GLUCOSE_BLOOD = 10;
const KETONE_BLOOD = 9;
/** What the person chose when noting insulin (sheet b), with the way it acts. */
const INSULIN_KINDS = [
  ["basal", "Morning"],
  ["bolus", "Breakfast"],
  ["bolus", "Lunch"],
  ["basal", "Evening"],
  ["bolus", "Dinner"],
] as const;

/** What a record of `$result?` tells. Throws FRAME_MALFORMED for one that is not understood. */
export function readRecord(line: Uint8Array): readonly Told[] {
  const fields = fieldsOf(line);
  const type = numberAt(fields, 0);
  const width = WIDTHS.get(type);
  if (width === undefined) throw malformed(fields, 0, `is ${type}, a kind of record that is not known`);
  if (fields.all.length < width) throw malformed(fields, fields.all.length, "is missing");
  const number = numberAt(fields, NUMBER);
  if (type === CLOCK_CHANGE) return [changeOf(fields, number)];
  const when = whenOf(fields, TIME, false, VALID);
  const common = { deviceTime: when.deviceTime, index: number, order: number };
  if (type === INSULIN) {
    const { said, notes } = insulin(fields);
    return [{ reading: readingOf({ ...said, ...common, notes: [...when.notes, ...notes] }, fields) }];
  }
  const isGlucose = type === GLUCOSE;
  const control = numberAt(fields, isGlucose ? GLUCOSE_BLOOD : KETONE_BLOOD) === 0;
  const unknown = isGlucose ? [9, 11, 12, 13, 14, 15, 16, 17, 18] : [10];
  const reading = readingOf(
    {
      ...(isGlucose ? glucose(fields) : ketone(fields)),
      ...common,
      control,
      specimen: control ? "control" : null,
      notes: [...when.notes, ...notesOf(fields, [...unknown, ...beyond(fields, width)])],
      asSent: fields.all[VALUE] ?? "",
    },
    fields,
  );
  return [{ reading }];
}

function glucose(fields: Fields): Measured {
  const text = fields.all[VALUE];
  if (text === "HI") return highGlucose(limits.high);
  if (text === "LO") return lowGlucose(limits.low);
  return glucoseOf(numberAt(fields, VALUE), limits, fields, VALUE);
}

/** There is no LO (sheet a): no bound would be known for it. */
function ketone(fields: Fields): Measured {
  return fields.all[VALUE] === "HI" ? highKetone() : ketoneOf(numberAt(fields, VALUE), fields, VALUE);
}

function insulin(fields: Fields) {
  const [kind, units] = [numberAt(fields, 8), numberAt(fields, 9)];
  const known = INSULIN_KINDS[kind];
  // Whether it acts at once or for a day is what a dose means.
  if (known === undefined) throw malformed(fields, 8, `is ${kind}, a kind of insulin that is not known`);
  const [delivery, name] = known;
  const said = { kind: "insulin", value: units, unit: "U", delivery, asSent: `insulin ${kind} ${units}` } as const;
  return { said, notes: [name, ...notesOf(fields, [10, 11, 12, ...beyond(fields, 13)])] };
}

/** New date and time, whether that is valid, old date and time (both sheets). */
function changeOf(fields: Fields, order: number): Told {
  const shown = (from: number): string => fields.all.slice(from, from + 5).join(",");
  const to = numberAt(fields, VALID) === 1 ? wallAt(fields, TIME, false) : null;
  return { change: { order, from: wallAt(fields, 8, false), to, shownFrom: shown(8), shownTo: shown(TIME) } };
}

/** Fields whose meaning nobody knows are named where they are not 0. */
function notesOf(fields: Fields, places: readonly number[]): readonly string[] {
  return places.flatMap((place) => {
    const text = fields.all[place] ?? "";
    return /^0*$/.test(text) ? [] : [`Field ${place + 1}: ${text}`];
  });
}

function beyond(fields: Fields, width: number): readonly number[] {
  return fields.all.map((_, place) => place).slice(width);
}
