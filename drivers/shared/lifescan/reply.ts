import { Problem } from "../../../src/domain/problem.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";

/** The status of an answer that carries what was asked for (both sheets). */
const OK = 0x06;
/** What the other statuses mean, known from the Bluetooth models (sheet b). */
const REFUSALS: Readonly<Record<number, string>> = {
  7: "The meter does not allow this request.",
  8: "The meter does not support this request.",
  9: "The meter does not understand this request.",
};

/**
 * The data of an answer: behind the prefix and the status 06. Throws FRAME_MALFORMED if the prefix is none of those,
 * METER_REFUSED for any other status: nothing behind it may be read (sheet b).
 */
export function replyData(message: Uint8Array, prefixes: readonly number[]): Uint8Array {
  const [prefix, status] = message;
  if (prefix === undefined || status === undefined || !prefixes.includes(prefix)) throw misfit(message, 0, "A prefix");
  if (status === OK) return message.slice(2);
  const detail = REFUSALS[status] ?? `The meter answers with the status ${status}.`;
  throw new Problem("METER_REFUSED", detail, { status, message: hex(message) });
}

/** Unsigned 16 bits, low byte first, at that place of what a reply carries. Throws FRAME_MALFORMED beyond its end. */
export function u16(data: Uint8Array, at: number): number {
  return byte(data, at) | (byte(data, at + 1) << 8);
}

/** Unsigned 32 bits, low byte first, at that place of what a reply carries. Throws FRAME_MALFORMED beyond its end. */
export function u32(data: Uint8Array, at: number): number {
  return u16(data, at) + u16(data, at + 2) * 0x10000;
}

/** The four bytes of an unsigned number, low byte first. */
export function u32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

/**
 * A serial number: letters and digits, padded with zero bytes or not. At least six: a record's first five bytes can
 * look like letters, its sixth never does, so that a late record is not taken for a name.
 */
export function readSerial(data: Uint8Array): string {
  const serial = serialIn(data);
  if (serial === null) throw misfit(data, 0, "A serial number");
  return serial;
}

/** The serial number, if the data is one as `readSerial` has it. */
export function serialIn(data: Uint8Array): string | null {
  return /^([0-9A-Za-z]{6,24})\0*$/.exec(latin1(data))?.[1] ?? null;
}

/** Text with its length before it; zero bytes may follow (sheet b: one that the length does not count). */
export function readText(data: Uint8Array): string {
  const length = data[0] ?? 0;
  const text = latin1(data.subarray(1, 1 + length));
  if (length === 0 || text.length < length || !/^[ -~]+$/.test(text)) throw misfit(data, 0, "A text");
  if (data.subarray(1 + length).some((rest) => rest !== 0)) throw misfit(data, 1 + length, "What follows a text");
  return text.trim();
}

/** What the display is set to, in the first byte; the other bytes are not looked at. */
export function readUnit(data: Uint8Array): "mg/dL" | "mmol/L" {
  const unit = (["mg/dL", "mmol/L"] as const)[byte(data, 0)];
  if (unit === undefined) throw misfit(data, 0, "A unit");
  return unit;
}

/** The data if they are as long as one of those says; else FRAME_MALFORMED: the answer to another question. */
export function demandLength(data: Uint8Array, ...lengths: readonly number[]): Uint8Array {
  if (!lengths.includes(data.length)) throw misfit(data, Math.min(data.length, ...lengths), "The length of an answer");
  return data;
}

/** A FRAME_MALFORMED for bytes that came whole and do not fit, with where. */
export function misfit(bytes: Uint8Array, offset: number, what: string): Problem {
  return new Problem("FRAME_MALFORMED", `${what} does not fit at byte ${offset}.`, { offset, bytes: hex(bytes) });
}

function byte(data: Uint8Array, at: number): number {
  const value = data[at];
  if (value === undefined) throw misfit(data, at, "What an answer carries");
  return value;
}
