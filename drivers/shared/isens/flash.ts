import { Problem } from "../../../src/domain/problem.js";
import type { SourceReading } from "../../../src/domain/reading.js";
import { meterReading } from "./meter-reading.js";
import { glucose } from "./record.js";
import { wallTime } from "./wall-time.js";

/** First byte of a request and of each three bytes of an answer (sheet a). */
export const FLASH_MARK = 0x8b;
/** Bytes of memory that one request gives, and bytes of its answer: `8B 1h 2l` for each (sheet a). */
export const FLASH_BYTES = 8;
export const FLASH_ANSWER_BYTES: number = FLASH_BYTES * 3;
/** Asks for eight bytes: the sheet's one known length. */
const LENGTH = 0x0a;
/** Tags in the high nibbles: of every byte the high half comes with 1, the low half with 2. */
const TAGS = { high: 0x10, low: 0x20 } as const;

/** Values above these are marked: control solution first, then after a meal (sheet a). */
const CONTROL_ABOVE = 20_000;
const AFTER_MEAL_ABOVE = 10_000;
/** Values that say HI and LO (sheet a: 02BC and 000A). */
const HIGH = 700;
const LOW = 10;

/** A question for the eight bytes from that address on. */
export function flashRequest(address: number): Uint8Array {
  const nibbles = [address >>> 12, address >>> 8, address >>> 4, address, LENGTH >>> 4, LENGTH];
  return Uint8Array.of(FLASH_MARK, ...nibbles.map((nibble, at) => tag(at) | (nibble & 0x0f)));
}

/** The eight bytes of an answer. Throws FRAME_CHECKSUM if its length or any tag is wrong: there is nothing else to check. */
export function readFlash(answer: Uint8Array): Uint8Array {
  const fits = answer.length === FLASH_ANSWER_BYTES && answer.every((byte, at) => isTagged(byte, at % 3));
  if (!fits) throw new Problem("FRAME_CHECKSUM", "An answer from the meter's memory arrived damaged.");
  return Uint8Array.from({ length: FLASH_BYTES }, (_, at) => {
    const [high = 0, low = 0] = answer.subarray(at * 3 + 1, at * 3 + 3);
    return ((high & 0x0f) << 4) | (low & 0x0f);
  });
}

/** Whether a byte may stand at that place (0, 1 or 2) of a group of three. */
export function isTagged(byte: number, place: number): boolean {
  return place === 0 ? byte === FLASH_MARK : (byte & 0xf0) === tag(place - 1);
}

/** True for a place in the memory that nothing was ever written to. */
export function isErased(data: Uint8Array): boolean {
  return data.every((byte) => byte === 0xff);
}

/**
 * The eight bytes of one record of protocol 1: year, month, day, hour, minute, second, and the value with its marks, low
 * byte first. `raw` is the answer as it came. Throws FRAME_MALFORMED for a date that does not exist, or a value that
 * neither the limits nor the marks explain.
 */
export function readFlashRecord(data: Uint8Array, raw: Uint8Array): SourceReading {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, low = 0, high = 0] = data;
  let amount = low | (high << 8);
  const control = amount > CONTROL_ABOVE;
  if (control) amount -= CONTROL_ABOVE;
  const after = amount > AFTER_MEAL_ABOVE;
  if (after) amount -= AFTER_MEAL_ABOVE;
  if (amount > HIGH) throw new Problem("FRAME_MALFORMED", "A value is beyond what the meter uses for HI.", { amount });
  return meterReading({
    deviceTime: wallTime({ year, month, day, hour, minute, second }),
    ...glucose(amount, amount === HIGH ? "high" : amount === LOW ? "low" : null),
    control,
    meal: after ? "after" : null,
    note: null,
    // Without its marks: one that is put on later must not make another reading of it.
    asSent: String(amount),
    raw,
  });
}

function tag(place: number): number {
  return place % 2 === 0 ? TAGS.high : TAGS.low;
}
