import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { hex } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { measured } from "../shared/lifescan/glucose.js";
import type { Question } from "../shared/lifescan/question.js";
import { demandLength, misfit, replyData, u16, u32, u32Bytes } from "../shared/lifescan/reply.js";
import { testKeyOf } from "../shared/lifescan/test-key.js";
import { EPOCH_2000_SECONDS, secondsOf, wallOf } from "../shared/lifescan/wall.js";

/** First byte of requests and answers over the air (both sheets). */
const PREFIX = 0x03;
/** Bytes that a record carries (both sheets); none at all means an empty slot (a public program for Android). */
const RECORD = 11;
const NO_RECORD = 0;
/** What an answer says if the hub and the meter have no bond (both sheets). */
const NOT_ALLOWED = 7;
/** Records are asked for by a number of two bytes. */
const HIGHEST = 0xffff;

/** A question that is answered by its acknowledgement alone. */
export type AcknowledgedQuestion = Question<Uint8Array> & { readonly acknowledged: true };

/** What the driver asks and what the answers mean. The meter knows another word, which erases: it is not here. */
export const WORDS = {
  /** A question whose answer can't be taken for a record's or a clock's: it has two bytes. */
  greeting: question("greeting", [0x27, 0x00], (data) => {
    demandLength(data, 2);
    return "meter";
  }),
  /** What its clock shows, seconds since 2000. */
  clock: question("clock", [0x20, 0x02], (data) => u32(demandLength(data, 4), 0)),
  /** The newest record's number. */
  newest: question("newest", [0x0a, 0x02, 0x06], readNewest),
  /** How many records there are. */
  count: question("count", [0x27, 0x00], (data) => u16(demandLength(data, 2), 0)),
  wall: (count: number): string => wallOf(count, EPOCH_2000_SECONDS),
} as const;

/** Asks for the record of that number, 0 to 65535. */
export function recordQuestion(number: number): Question<Uint8Array> {
  return question("record", [0xb3, number & 0xff, number >>> 8], (data) => demandLength(data, RECORD, NO_RECORD));
}

/** Sets the clock to what the wall shows at the moment of asking. Throws METER_REFUSED for a year before 2000. */
export function setClockQuestion(wallNow: () => string): AcknowledgedQuestion {
  return {
    ...question("set clock", [], (data) => demandLength(data, 0)),
    acknowledged: true,
    messages: () => [message([0x20, 0x01, ...u32Bytes(secondsOf(wallNow(), EPOCH_2000_SECONDS))])],
  };
}

/** True for a slot that holds no test: a value of 0 (both sheets), or nothing. */
export function isEmpty(data: Uint8Array): boolean {
  return data.length === NO_RECORD || u16(data, 4) === 0;
}

/** When a record's test was, seconds since 2000 by the meter's clock. Throws FRAME_MALFORMED for an empty slot. */
export function secondsIn(data: Uint8Array): number {
  return u32(data, 0);
}

/**
 * A record: seconds since 2000, mg/dL in two bytes, a byte that is not 0 for control solution (both sheets), and four
 * bytes that nobody has described with certainty: what is not 0 in them stands in the note, and so does another control
 * mark than 1. Throws FRAME_MALFORMED for a date or value that can't be.
 */
export function readRecord(data: Uint8Array, number: number, raw: Uint8Array): SourceReading {
  const value = u16(demandLength(data, RECORD), 4);
  const mark = data[6] ?? 0;
  const rest = data.subarray(7);
  const notes = [
    ...(mark > 1 ? [`Control mark ${mark}`] : []),
    ...(rest.some((byte) => byte !== 0) ? [`Unknown bytes ${hex(rest)}`] : []),
  ];
  const { value: told, outOfRange } = measured(value);
  return meterReading({
    kind: "glucose",
    value: told,
    unit: "mg/dL",
    outOfRange,
    control: mark !== 0,
    meal: null,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime: wallOf(secondsIn(data), EPOCH_2000_SECONDS),
    index: number,
    testKey: testKeyOf(secondsIn(data), value),
    asSent: String(value),
    raw,
  });
}

/** The newest record that was read: its number, and when its test was, seconds since 2000. */
export interface Cursor {
  readonly number: number;
  readonly seconds: number;
}

/** The cursor as one line of text. */
export function cursorText({ number, seconds }: Cursor): string {
  return `${number} ${seconds}`;
}

/** The cursor that a text names; null for any text that `cursorText` does not give: then everything is read. */
export function cursorIn(text: string | null): Cursor | null {
  const match = /^(\d{1,5}) (\d{1,10})$/.exec(text ?? "");
  if (match === null) return null;
  const cursor = { number: Number(match[1]), seconds: Number(match[2]) };
  return cursor.number <= HIGHEST ? cursor : null;
}

function readNewest(data: Uint8Array): number {
  const newest = u32(demandLength(data, 4), 0);
  // A clock's answer has four bytes too, and counts far more.
  if (newest > HIGHEST) throw misfit(data, 0, "A record's number");
  return newest;
}

function question<T>(name: string, body: readonly number[], read: (data: Uint8Array) => T): Question<T> {
  return { name, messages: () => [message(body)], read: (answer) => read(dataIn(answer)) };
}

/** The data of an answer. Throws METER_UNPAIRED for the status 07, and else as `replyData` does. */
function dataIn(answer: Uint8Array): Uint8Array {
  try {
    return replyData(answer, [PREFIX]);
  } catch (error) {
    if (!isProblem(error, "METER_REFUSED") || error.context["status"] !== NOT_ALLOWED) throw error;
    throw new Problem("METER_UNPAIRED", "The meter does not allow this hub to ask it anything: they are not paired.");
  }
}

function message(body: readonly number[]): Uint8Array {
  return Uint8Array.from([PREFIX, ...body]);
}
