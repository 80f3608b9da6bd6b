import { Problem } from "../../src/domain/problem.js";
import { concat } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";

/** Every message is that long, both ways (both sheets). */
export const FRAME_BYTES = 8;
/** First byte of every message (both sheets). */
export const FRAME_START = 0x51;
/** Byte before the sum: who speaks (both sheets). */
export const FROM_HUB = 0xa3;
export const FROM_METER = 0xa5;
/** Bytes of a message that say something, behind the command. */
export const DATA_BYTES = 4;

/** What the hub asks: reads, but for the setting of the clock. The word that erases is not here, and in no session. */
export const COMMANDS = {
  /** Only sheet b names it. */
  connect: 0x22,
  clock: 0x23,
  model: 0x24,
  recordTime: 0x25,
  recordValue: 0x26,
  serialLow: 0x27,
  serialHigh: 0x28,
  count: 0x2b,
  setClock: 0x33,
} as const;
export type Command = (typeof COMMANDS)[keyof typeof COMMANDS];

/** What the meter says unasked when it enters its communication mode: the request before was lost (both sheets). */
export const ENTERING = 0x54;

/** A question for the wire. */
export function request(command: Command, data: Uint8Array = new Uint8Array(DATA_BYTES)): Uint8Array {
  if (data.length !== DATA_BYTES) throw new Problem("INTERNAL", "a message says four bytes");
  const body = concat([Uint8Array.of(FRAME_START, command), data, Uint8Array.of(FROM_HUB)]);
  return concat([body, Uint8Array.of(sum8(body))]);
}

/** Four bytes that name the record of that number, from 0: the newest (both sheets; the order by sheet b). */
export function recordNumber(index: number): Uint8Array {
  if (!(index >= 0 && index <= 0xffff)) throw new Problem("INTERNAL", `no record has the number ${index}`);
  return Uint8Array.of(index & 0xff, index >>> 8, 0, 0);
}

/** Whether a message of the meter, its sum right, stands whole at that place. */
export function isAnswerAt(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== FRAME_START || bytes[at + 6] !== FROM_METER || bytes.length < at + FRAME_BYTES) return false;
  return sum8(bytes.subarray(at, at + FRAME_BYTES - 1)) === bytes[at + FRAME_BYTES - 1];
}

/**
 * Finds the end of the first message of the meter that has one of these commands, 0 while there is none: whatever stands
 * before it, noise or an answer that came late, is cut off with it. For one wait; bytes looked at are not looked at again.
 */
export function answerCut(commands: readonly number[]): (bytes: Uint8Array) => number {
  let at = 0;
  return (bytes) => {
    for (; at + FRAME_BYTES <= bytes.length; at += 1) {
      if (isAnswerAt(bytes, at) && commands.includes(bytes[at + 1] ?? -1)) return at + FRAME_BYTES;
    }
    return 0;
  };
}

/** The four bytes that a message says. */
export function dataOf(frame: Uint8Array): Uint8Array {
  return frame.slice(2, 2 + DATA_BYTES);
}
