import { isProblem } from "../../../../src/domain/problem.js";
import type { SourceReading, Unreadable } from "../../../../src/domain/reading.js";
import { glucoseOf, ketoneOf, type Measured, SENSOR_LIMITS, STRIP_LIMITS } from "../amounts.js";
import { readingOf } from "../reading.js";
import type { ClockEdit } from "./clock-edits.js";
import { type BinaryRecord, KINDS, problem, provenBody, readHeader } from "./record.js";
import type { RecordNumbers } from "./record-number.js";
import { wallOfSeconds } from "./wall.js";

/** What a record of a table tells. */
export type BinaryTold =
  /** A reading whose place in the order is not known yet. */
  | { readonly reading: SourceReading; readonly number: number; readonly userOffset: number }
  | { readonly edit: ClockEdit }
  | { readonly unreadable: Unreadable }
  /** Understood, and nothing to tell; the reason is counted. */
  | { readonly passedOver: string };

/** What the records of one table need to be read. */
export interface TableFacts {
  readonly timeBase: number;
  readonly numbers: RecordNumbers;
}

/** Results; their kinds differ in how food was entered with them: servings, a meal, grams (sheet a). */
const RESULTS: ReadonlySet<number> = new Set([0, 1, 2]);
const RESULT_BODY = 12;
const RESULT_QUALITY_AT = 10;
const HISTORICAL_BODY = 6;
const HISTORICAL_QUALITY_AT = 4;
/** Marks of the memory's turning over, and how many bytes stand before their checksum (sheet a). */
const WRAP_BODIES: ReadonlyMap<number, number> = new Map([
  [13, 12],
  [14, 12],
  [17, 6],
  [52, 10],
]);
const CLOCK_SET_BODY = 12;
const USER_CLOCK_SET_BODY = 10;
/** Errors and settings, 32 to 51 (sheet a), but for the clock change among them. */
const isEvent = (kind: number): boolean => kind >= 32 && kind <= 51 && kind !== KINDS.userClockSet;

/** Glucose is in the lower ten bits (sheet a). */
const VALUE_BITS = 0x03ff;
/** As the text protocol has it (sheet b): the sensor has no value. */
const NO_VALUE = 0x8000;
/** Bits above a value of the sensor's own: the first one of a sensor, and that the clock was set; told by other records too. */
const HISTORICAL_KNOWN = 0x3000;
const FOOD = 0x4000;
const RAPID_INSULIN = 0x8000;

/**
 * Reads one record of a table, whose bytes the reading keeps. What is damaged or not understood is told as unreadable, with
 * its bytes.
 */
export function readRecord(raw: Uint8Array, facts: TableFacts): BinaryTold {
  try {
    return read(readHeader(raw), facts);
  } catch (error) {
    if (!isProblem(error, "FRAME_TRUNCATED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    return { unreadable: { code: error.code, detail: error.message, raw } };
  }
}

function read(record: BinaryRecord, facts: TableFacts): BinaryTold {
  const { kind, raw } = record;
  const wrapBody = WRAP_BODIES.get(kind);
  if (wrapBody !== undefined) {
    facts.numbers.lower(provenBody(record, wrapBody).getUint32(0, true));
    return { passedOver: "marks of the memory's turning over" };
  }
  if (isEvent(kind)) return { passedOver: `records of kind ${kind}` };
  if (kind === KINDS.clockSet) return { edit: clockSet(record, facts) };
  if (kind === KINDS.userClockSet) return { edit: userClockSet(record, facts) };
  if (kind === KINDS.historical) return historical(record, facts);
  if (RESULTS.has(kind)) return result(record, facts);
  throw problem("FRAME_MALFORMED", `A record is of kind ${kind}, whose layout is not known.`, 3, raw);
}

function historical(record: BinaryRecord, facts: TableFacts): BinaryTold {
  const body = provenBody(record, HISTORICAL_BODY);
  const word = body.getUint16(0, true);
  const value = word & VALUE_BITS;
  if (isWithoutValue(record, value, body.getUint16(HISTORICAL_QUALITY_AT, true))) {
    return { passedOver: "the sensor had no value" };
  }
  const notes: string[] = [];
  if ((word & FOOD) !== 0) notes.push("Food");
  if ((word & RAPID_INSULIN) !== 0) notes.push("Rapid-acting insulin");
  const strange = word & ~(VALUE_BITS | HISTORICAL_KNOWN | FOOD | RAPID_INSULIN);
  if (strange !== 0) notes.push(`Bits beside the value: ${strange >> 10}`);
  const measured = glucoseOf(value, SENSOR_LIMITS, asFields(record), 13);
  return told(record, facts, { ...measured, specimen: "interstitial", asSent: `history ${value}` }, notes);
}

function result(record: BinaryRecord, facts: TableFacts): BinaryTold {
  const body = provenBody(record, RESULT_BODY);
  const word = body.getUint16(0, true);
  const value = word & VALUE_BITS;
  if (isWithoutValue(record, value, body.getUint16(RESULT_QUALITY_AT, true))) {
    return { passedOver: "the measurement failed" };
  }
  const strange = (word >> 10) & 0x0f;
  const notes = strange === 0 ? [] : [`Bits beside the value: ${strange}`];
  switch (word >> 14) {
    case 0: {
      const measured = glucoseOf(value, STRIP_LIMITS, asFields(record), 13);
      return told(record, facts, { ...measured, specimen: "capillary", asSent: `strip ${value}` }, notes);
    }
    case 1: {
      const measured = ketoneOf(value, asFields(record), 13);
      return told(record, facts, { ...measured, specimen: "capillary", asSent: `ketone ${value}` }, notes);
    }
    case 2: {
      const measured = glucoseOf(value, SENSOR_LIMITS, asFields(record), 13);
      return told(record, facts, { ...measured, specimen: "interstitial", asSent: `scan ${value}` }, notes);
    }
    default:
      throw problem("FRAME_MALFORMED", "A result is of a kind that is not known.", 14, record.raw);
  }
}

/** True for a measurement that failed. Throws FRAME_MALFORMED for marks of quality that nobody knows: is it to be trusted? */
function isWithoutValue({ raw }: BinaryRecord, value: number, quality: number): boolean {
  if (quality === 0) return false;
  if (value === 0 && (quality & NO_VALUE) !== 0) return true;
  throw problem("FRAME_MALFORMED", `A value of ${value} has the marks of quality ${quality}.`, 13, raw);
}

function clockSet(record: BinaryRecord, facts: TableFacts): ClockEdit {
  const body = provenBody(record, CLOCK_SET_BODY);
  return {
    number: numberOf(record, facts),
    readerTime: record.readerTime,
    userOffset: record.userOffset,
    oldReaderTime: body.getUint32(0, true),
    oldUserOffset: body.getInt32(4, true),
    isValid: record.isTimeValid,
    wasValid: body.getUint16(8, true) === 1,
  };
}

/** The user's offset changed; the reader's own time did not (sheet a). */
function userClockSet(record: BinaryRecord, facts: TableFacts): ClockEdit {
  const body = provenBody(record, USER_CLOCK_SET_BODY);
  return {
    number: numberOf(record, facts),
    readerTime: record.readerTime,
    userOffset: record.userOffset,
    oldReaderTime: record.readerTime,
    oldUserOffset: body.getInt32(0, true),
    isValid: record.isTimeValid,
    wasValid: record.isTimeValid,
  };
}

function told(
  record: BinaryRecord,
  facts: TableFacts,
  measured: Measured & Pick<SourceReading, "specimen" | "asSent">,
  notes: readonly string[],
): BinaryTold {
  const { raw, isTimeValid, readerTime, userOffset } = record;
  const number = numberOf(record, facts);
  const seconds = facts.timeBase + readerTime + userOffset;
  const shown = wallOfSeconds(seconds);
  if (isTimeValid && shown === null) throw problem("FRAME_MALFORMED", "A record's date does not exist.", 5, raw);
  const unset = isTimeValid ? [] : [`The clock was not set and showed ${shown ?? `${seconds} s`}`];
  const said = { ...measured, deviceTime: isTimeValid ? shown : null, index: number, notes: [...unset, ...notes] };
  return { reading: readingOf(said, asFields(record)), number, userOffset };
}

function numberOf({ bits, raw }: BinaryRecord, { numbers }: TableFacts): number {
  const number = numbers.whole(bits);
  if (number === null) throw problem("FRAME_MALFORMED", `The reader has no record ${bits} yet.`, 1, raw);
  return number;
}

function asFields({ raw }: BinaryRecord): { readonly all: readonly string[]; readonly line: Uint8Array } {
  return { all: [], line: raw };
}
