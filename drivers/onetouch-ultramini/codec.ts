import type { SourceReading } from "../../src/domain/reading.js";
import { beyond, glucoseReading, measured } from "../shared/lifescan/glucose.js";
import type { MeterWords } from "../shared/lifescan/meter.js";
import type { Question } from "../shared/lifescan/question.js";
import {
  demandLength,
  misfit,
  readSerial,
  readText,
  readUnit,
  replyData,
  u16,
  u32,
  u32Bytes,
} from "../shared/lifescan/reply.js";
import { secondsOf, wallOf } from "../shared/lifescan/wall.js";

/** First byte of every request and of most answers (both sheets). */
const PREFIX = 0x05;
/** First byte of the answer to a record number that does not exist (sheet b, vector). */
const NO_SUCH_RECORD = 0x0f;
/** Tests that the memory holds (sheet b). */
export const CAPACITY = 500;
/** Seconds count from 1970-01-01 00:00 (both sheets, vector). */
const EPOCH_SECONDS = 0;
/** Values that stand for LO and HI (both sheets, vector). */
const LO = 0xfffe;
const HI = 0xffff;

/** What the driver asks and what the answers mean. The meter knows another word, which erases: it is not here. */
export const WORDS: MeterWords = {
  model: "OneTouch UltraMini",
  // Sheet a sends four odd bytes among the zeros, sheet b zeros only.
  serial: question(
    "serial",
    [
      [0x0b, 0x02, 0x00, 0x00, 0x00, 0x00, 0x84, 0x6a, 0xe8, 0x73, 0x00],
      [0x0b, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
    ],
    readSerial,
  ),
  firmware: question("firmware", [[0x0d, 0x02]], readFirmware),
  // Sheet a has one byte, sheet b four of which the first one counts.
  unit: question("unit", [[0x09, 0x02, 0x09, 0x00, 0x00, 0x00, 0x00]], (data) => readUnit(demandLength(data, 1, 4))),
  clock: question("clock", [[0x20, 0x02, 0x00, 0x00, 0x00, 0x00]], (data) => u32(demandLength(data, 4), 0)),
  // Record 501 does not exist: the answer says how many do (both sheets).
  count: { name: "count", messages: () => [request([0x1f, 0xf5, 0x01])], read: readCount },
  record: (number) => question("record", [[0x1f, number & 0xff, number >>> 8]], (data) => demandLength(data, 8)),
  read: readRecord,
  wall: (count) => wallOf(count, EPOCH_SECONDS),
  setClock: (wallNow) => ({
    name: "set clock",
    messages: () => [request([0x20, 0x01, ...u32Bytes(secondsOf(wallNow(), EPOCH_SECONDS))])],
    read: (message) => u32(demandLength(replyData(message, [PREFIX]), 4), 0),
  }),
};

/** How many tests the memory holds: `0F` and the number, with or without the prefix or the status (see README). */
function readCount(message: Uint8Array): number {
  const bare = message[0] === NO_SUCH_RECORD;
  const named = message[0] === PREFIX && message[1] === NO_SUCH_RECORD;
  const data = bare ? message.subarray(1) : named ? message.subarray(2) : replyData(message, [PREFIX]);
  const count = u16(demandLength(data, 2), 0);
  if (count > CAPACITY) throw misfit(message, message.length - 2, "A number of records");
  return count;
}

/** Version and date: nine and eight characters in one text (both sheets), put apart. */
function readFirmware(data: Uint8Array): string {
  const text = readText(data);
  return text.length === 17 ? `${text.slice(0, 9).trim()} ${text.slice(9)}` : text;
}

/**
 * A record: seconds and mg/dL, four bytes each. Throws FRAME_MALFORMED for a date or a value that can't be; bits beyond
 * the sixteenth of the value are not understood and may change what it means, so they make it one.
 */
function readRecord(data: Uint8Array, raw: Uint8Array): SourceReading {
  const value = u32(data, 4);
  const result = value === LO ? beyond("low") : value === HI ? beyond("high") : measured(value);
  const deviceTime = wallOf(u32(data, 0), EPOCH_SECONDS);
  return glucoseReading({ value: result.value, outOfRange: result.outOfRange, deviceTime, asSent: String(value), raw });
}

function question<T>(name: string, bodies: readonly (readonly number[])[], read: (data: Uint8Array) => T): Question<T> {
  return { name, messages: () => bodies.map(request), read: (message) => read(replyData(message, [PREFIX])) };
}

function request(body: readonly number[]): Uint8Array {
  return Uint8Array.from([PREFIX, ...body]);
}
