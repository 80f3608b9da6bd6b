import { Problem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";
import { xor8 } from "../../src/kit/checksum.js";

/** First byte of every frame (sheet b; the challenge of vector set b). */
const START = 0x53;
/** Last byte of every frame (sheet b; the challenge of vector set b). */
const END = 0xaa;
/** Second byte: who speaks (sheet b; the challenge of vector set b shows the meter's). */
const FROM_METER = 0x20;
const FROM_HOST = 0x10;
/** Bytes before the message: start, direction, length. */
const HEAD = 3;
/** Bytes after it: the message's exclusive or, and the end. The length counts these too (sheet b). */
const TAIL = 2;

/** Bytes of the messages that the meter is known to send: two signs, a record, the count (sheet b). */
export const MESSAGE_BYTES = { sign: 2, record: 17, count: 22 } as const;
const KNOWN_LENGTHS: ReadonlySet<number> = new Set(Object.values(MESSAGE_BYTES).map((bytes) => bytes + TAIL));

/** A message from the hub in its frame. */
export function hostFrame(message: Uint8Array): Uint8Array {
  return Uint8Array.of(START, FROM_HOST, message.length + TAIL, ...message, xor8(message), END);
}

/**
 * Where the frame at the start of the bytes ends, zeros before it counted in; 0 while it is not whole. Throws
 * FRAME_CHECKSUM for bytes that begin no frame of the meter's: only damage explains them in a conversation.
 */
export function cutFrame(bytes: Uint8Array): number {
  const start = zerosBefore(bytes);
  const wrong =
    differs(bytes[start], START) ||
    differs(bytes[start + 1], FROM_METER) ||
    (bytes[start + 2] !== undefined && !KNOWN_LENGTHS.has(bytes[start + 2] ?? 0));
  if (wrong) throw damaged("The meter's bytes begin no message", bytes.subarray(start));
  const end = start + HEAD + (bytes[start + 2] ?? Number.POSITIVE_INFINITY);
  return bytes.length >= end ? end : 0;
}

/** A whole frame without the zeros before it, and the message in it. Throws FRAME_CHECKSUM if it does not prove itself. */
export function readFrame(bytes: Uint8Array): { readonly frame: Uint8Array; readonly message: Uint8Array } {
  const frame = bytes.slice(zerosBefore(bytes));
  if (cutFrame(frame) !== frame.length) throw damaged("A message is not whole", frame);
  const message = frame.slice(HEAD, frame.length - TAIL);
  if (frame.at(-1) !== END) throw damaged("A message does not end as it should", frame);
  if (frame.at(-TAIL) !== xor8(message)) throw damaged("A message's checksum is wrong", frame);
  return { frame, message };
}

/** How many zeros stand at the start: one may come before the meter's first frame (sheet b). */
export function zerosBefore(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.length : first;
}

function differs(byte: number | undefined, wanted: number): boolean {
  return byte !== undefined && byte !== wanted;
}

function damaged(what: string, frame: Uint8Array): Problem {
  return new Problem("FRAME_CHECKSUM", `${what}.`, { frame: hex(frame.subarray(0, 64)) });
}
