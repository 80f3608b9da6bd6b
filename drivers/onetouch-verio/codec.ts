import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { hex } from "../../src/kit/bytes.js";
import { glucoseReading, measured } from "../shared/lifescan/glucose.js";
import type { MemoryWords } from "../shared/lifescan/memory.js";
import type { Question } from "../shared/lifescan/question.js";
import { demandLength, misfit, readUnit, replyData, u16, u32, u32Bytes } from "../shared/lifescan/reply.js";
import { testKeyOf } from "../shared/lifescan/test-key.js";
import { EPOCH_2000_SECONDS, secondsOf, wallOf } from "../shared/lifescan/wall.js";
import type { MailboxQuestion } from "./link.js";
import { MAILBOX_LBA, SETTINGS_LBA } from "./mailbox.js";
import { readSerial, readText } from "./text.js";

/** First byte of requests and answers: 03 (sheet b) or 04 (sheet a). */
const PREFIXES = [0x03, 0x04] as const;
/** Bytes of a record as sheet a reads it, up to the value, and as sheet b has it, with the meal and four more. */
const SHORT_RECORD = 11;
const RECORD = 16;
/** What stands behind the meal in every record that sheet b describes. */
const TAIL = "00 00 0b 00";
/** Where a record's place in the memory ends, which moves with each new test, and what stays begins. */
const STAYS_FROM = 2;

/** What this meter can be asked, beside its memory. */
export interface VerioWords extends MemoryWords {
  readonly serial: Question<string>;
  readonly modelName: Question<string>;
  readonly firmware: Question<string>;
  readonly unit: MailboxQuestion<"mg/dL" | "mmol/L">;
  /** Seconds since 2000 by its clock. */
  readonly clock: Question<number>;
  wall(count: number): string;
  setClock(wallNow: () => string): Question<unknown>;
}

/** What the driver asks and what the answers mean. The meter knows another word, which erases: it is not here. */
export const WORDS: VerioWords = {
  serial: question("serial", [0xe6, 0x02, 0x00], readSerial),
  modelName: question("model", [0xe6, 0x02, 0x01], readText),
  firmware: question("firmware", [0xe6, 0x02, 0x02], readText),
  unit: {
    ...question("unit", [], (data) => readUnit(demandLength(data, 4))),
    lba: SETTINGS_LBA,
    // The one request that the sheets have differently behind the prefix.
    messages: () => [bytes(0x03, 0x04), bytes(0x04, 0x04, 0x00)],
  },
  clock: question("clock", [0x20, 0x02], (data) => u32(demandLength(data, 4), 0)),
  count: question("count", [0x27, 0x00], (data) => u16(demandLength(data, 2), 0)),
  record: (number) =>
    question("record", [0x31, 0x02, number & 0xff, number >>> 8, 0x00], (data) =>
      demandLength(data, SHORT_RECORD, RECORD),
    ),
  read: readRecord,
  key: (data) => hex(data.subarray(STAYS_FROM)),
  wall: (count) => wallOf(count, EPOCH_2000_SECONDS),
  setClock: (wallNow) => ({
    ...question("set clock", [], (data) => demandLength(data, 0)),
    messages: () => {
      const now = u32Bytes(secondsOf(wallNow(), EPOCH_2000_SECONDS));
      return PREFIXES.map((prefix) => bytes(prefix, 0x20, 0x01, ...now));
    },
  }),
};

/**
 * A record: its place counted from the other end, control mark, lifetime counter, seconds since 2000, mg/dL in two bytes
 * (both sheets), then the meal and four bytes that are nearly always the same (sheet b). Throws FRAME_MALFORMED for a
 * date or value that can't be, and where another bit than the control mark's is set in its byte: nobody knows of what
 * such a value is. An unknown meal and other bytes at the end than the usual ones stand in the note.
 */
function readRecord(data: Uint8Array, raw: Uint8Array): SourceReading {
  const mark = data[2] ?? 0;
  if ((mark & ~0x01) !== 0) throw misfit(data, 2, "A control mark");
  const value = u16(data, 9);
  const [meal = 0, ...tail] = data.subarray(11);
  const rest = hex(Uint8Array.from(tail));
  const notes = [
    ...(meal in MEALS ? [] : [`Meal mark ${meal}`]),
    ...(rest === TAIL || tail.length === 0 ? [] : [`Unknown bytes ${rest}`]),
  ];
  const reading = glucoseReading({
    ...measured(value),
    deviceTime: wallOf(u32(data, 5), EPOCH_2000_SECONDS),
    control: (mark & 0x01) !== 0,
    meal: MEALS[meal] ?? null,
    note: notes.length === 0 ? null : notes.join("; "),
    asSent: String(value),
    raw,
  });
  // Over Bluetooth the same test has another number: what both links tell alike is its identity.
  return { ...reading, index: u16(data, 3), testKey: testKeyOf(u32(data, 5), value) };
}

/** Meal marks of the Select Plus (sheet b, vectors). */
const MEALS: Readonly<Record<number, Meal | null>> = { 0: null, 1: "before", 2: "after" };

function question<T>(name: string, body: readonly number[], read: (data: Uint8Array) => T): MailboxQuestion<T> {
  return {
    name,
    lba: MAILBOX_LBA,
    messages: () => PREFIXES.map((prefix) => bytes(prefix, ...body)),
    read: (message) => read(replyData(message, PREFIXES)),
  };
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}
