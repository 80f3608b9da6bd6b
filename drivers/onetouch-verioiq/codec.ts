import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { hex } from "../../src/kit/bytes.js";
import { glucoseReading, measured } from "../shared/lifescan/glucose.js";
import type { MeterWords } from "../shared/lifescan/meter.js";
import type { Question } from "../shared/lifescan/question.js";
import {
  demandLength,
  misfit,
  readSerial,
  readText,
  readUnit,
  replyData,
  serialIn,
  u16,
  u32,
  u32Bytes,
} from "../shared/lifescan/reply.js";
import { EPOCH_2000_SECONDS, secondsOf, wallOf } from "../shared/lifescan/wall.js";

/** First byte of requests and answers: 03 (sheet b, vectors) or 04 (sheet a; sheet b: accepted too). */
const PREFIXES = [0x03, 0x04] as const;
/** Bytes of a record as sheet a reads it, up to the control mark, and as sheet b has it, with the meal and two more. */
const SHORT_RECORD = 7;
const RECORD = 10;

/** What the driver asks and what the answers mean. The meter knows another word, which erases: it is not here. */
export const WORDS: MeterWords = {
  model: "OneTouch VerioIQ",
  // The only request that the sheets have differently behind the prefix.
  serial: { ...question("serial", [], readSerial), messages: () => [bytes(3, 0x0b, 1, 2), bytes(4, 0x0b, 0, 2)] },
  firmware: question("firmware", [0x0d, 0x01], readText),
  unit: question("unit", [0x09, 0x02, 0x02], (data) => readUnit(demandLength(data, 4))),
  clock: question("clock", [0x20, 0x02], (data) => u32(demandLength(data, 4), 0)),
  count: question("count", [0x27, 0x00], (data) => u16(demandLength(data, 2), 0)),
  record: (number) => question("record", [0x21, number & 0xff, number >>> 8], recordData),
  read: readRecord,
  wall: (count) => wallOf(count, EPOCH_2000_SECONDS),
  setClock: (wallNow) => ({
    ...question("set clock", [], (data) => demandLength(data, 0)),
    messages: () => {
      const now = u32Bytes(secondsOf(wallNow(), EPOCH_2000_SECONDS));
      return PREFIXES.map((prefix) => bytes(prefix, 0x20, 0x01, ...now));
    },
  }),
};

/** What a record carries. A name of nine letters is as long, and may come late: it is none. */
function recordData(data: Uint8Array): Uint8Array {
  if (serialIn(data) !== null) throw misfit(data, 0, "A record");
  return demandLength(data, SHORT_RECORD, RECORD);
}

/**
 * A record: seconds since 2000, mg/dL, control mark (both sheets), meal mark and two unknown bytes (sheet b). Throws
 * FRAME_MALFORMED for a date or value that can't be, and for an unknown control mark: a value that may be no person's
 * is told as no reading. An unknown meal mark and the two bytes, where they are not zero, stand in the note.
 */
function readRecord(data: Uint8Array, raw: Uint8Array): SourceReading {
  const value = u16(data, 4);
  const [control, meal = 0] = data.subarray(6);
  if (control !== 0 && control !== 1) throw misfit(data, 6, "A control mark");
  const rest = data.subarray(8);
  const notes = [
    ...(meal in MEALS ? [] : [`Meal mark ${meal}`]),
    ...(rest.some((byte) => byte !== 0) ? [`Unknown bytes ${hex(rest)}`] : []),
  ];
  const shown = measured(value);
  return glucoseReading({
    value: shown.value,
    outOfRange: shown.outOfRange,
    deviceTime: wallOf(u32(data, 0), EPOCH_2000_SECONDS),
    control: control === 1,
    meal: MEALS[meal] ?? null,
    note: notes.length === 0 ? null : notes.join("; "),
    asSent: String(value),
    raw,
  });
}

/** Meal marks (sheet b, vector). */
const MEALS: Readonly<Record<number, Meal | null>> = { 0: null, 1: "before", 2: "after" };

function question<T>(name: string, body: readonly number[], read: (data: Uint8Array) => T): Question<T> {
  return {
    name,
    messages: () => PREFIXES.map((prefix) => bytes(prefix, ...body)),
    read: (message) => read(replyData(message, PREFIXES)),
  };
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}
