import { glucoseOf, highGlucose, lowGlucose } from "../shared/abbott-hid/amounts.js";
import { fieldsOf, malformed, numberAt } from "../shared/abbott-hid/fields.js";
import { readingOf, whenOf } from "../shared/abbott-hid/reading.js";
import type { Told } from "../shared/abbott-hid/tell.js";
import { limits } from "./limits.js";

/** The word that asks for the whole memory (sheet b). */
export const RESULT_WORD = "$result?";

/** A record's first field: glucose is the only kind with a known layout (sheet b). */
const GLUCOSE = 0;
/** Its fields (sheet b), and where the value is. */
const WIDTH = 16;
const TIME = 2;
const VALUE = 13;
/** Fields whose meaning nobody knows. One of them may be the mark of a test with control solution. */
const UNKNOWN = [7, 8, 9, 10, 11, 12, 14, 15];

/**
 * What a record of `$result?` tells. Throws FRAME_MALFORMED for one that is not understood, as are all but glucose: the sheet
 * says to skip them, and here they are kept with their bytes.
 */
export function readRecord(line: Uint8Array): readonly Told[] {
  const fields = fieldsOf(line);
  const type = numberAt(fields, 0);
  if (type !== GLUCOSE) throw malformed(fields, 0, `is ${type}, a kind of record that is not known`);
  if (fields.all.length !== WIDTH) throw malformed(fields, fields.all.length, "should be there, or should not");
  // The record's number: whether it stays the same from one reading of the meter to the next is not known.
  numberAt(fields, 1);
  const { deviceTime, notes } = whenOf(fields, TIME, false, null);
  const text = fields.all[VALUE] ?? "";
  const measured =
    text === "HI"
      ? highGlucose(limits.high)
      : text === "LO"
        ? lowGlucose(limits.low)
        : glucoseOf(numberAt(fields, VALUE), limits, fields, VALUE);
  const unknown = UNKNOWN.flatMap((place) => {
    const content = fields.all[place] ?? "";
    return /^0*$/.test(content) ? [] : [`Field ${place + 1}: ${content}`];
  });
  return [{ reading: readingOf({ ...measured, deviceTime, notes: [...notes, ...unknown], asSent: text }, fields) }];
}
