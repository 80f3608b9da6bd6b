import { Problem } from "../../src/domain/problem.js";
import { concat, hex } from "../../src/kit/bytes.js";
import { crc16CcittFalse } from "../../src/kit/checksum.js";
import { type Frame, frameBytes } from "../shared/lifescan/frame.js";

/** First and last byte around every message (both sheets). */
const START = 0x02;
const END = 0x03;
/** Bytes of a frame that are not its message: start, two of length, end and two of checksum (both sheets). */
const OVERHEAD = 6;
/** What a packet has behind its header byte at most: a notification of the default MTU holds 20 bytes (both sheets). */
const PACKET_BYTES = 19;

/** The two upper bits of a header byte, and the six below them, which count (the first by both sheets; see README.md). */
const KIND_MASK = 0xc0;
const COUNT_MASK = 0x3f;
const FIRST = 0x00;
const MORE = 0x40;
const ACKNOWLEDGEMENT = 0x80;
/** The meter's acknowledgement of a request (both sheets). */
const ACKNOWLEDGED = 0x81;

/** What one packet is; `count` is what stands in its header: how many packets there are, or are still to come. */
export type Packet =
  | { readonly type: "acknowledgement" }
  | { readonly type: "first" | "more"; readonly count: number; readonly bytes: Uint8Array }
  | { readonly type: "noise" };

/**
 * A message as the one packet that carries it: the header 01 and the frame. Throws RangeError for a message that does
 * not fit: nothing that is ever asked is as long.
 */
export function packetOf(message: Uint8Array): Uint8Array {
  const frame = frameBytes(message);
  if (frame.length > PACKET_BYTES) throw new RangeError(`a message of ${message.length} bytes fits no packet`);
  return concat([Uint8Array.of(0x01), frame]);
}

/** The answer to a packet with that count in its header: 81 for all that are sent alone (both sheets). */
export function acknowledgementOf(count: number): Uint8Array {
  return Uint8Array.of(ACKNOWLEDGEMENT | count);
}

/** What those bytes of the meter are. Only 81 is an acknowledgement: every request is one packet. */
export function packetIn(bytes: Uint8Array): Packet {
  const [header] = bytes;
  if (header === undefined) return { type: "noise" };
  if (bytes.length === 1) return { type: header === ACKNOWLEDGED ? "acknowledgement" : "noise" };
  const count = header & COUNT_MASK;
  const kind = header & KIND_MASK;
  if (count === 0) return { type: "noise" };
  if (kind === FIRST) return { type: "first", count, bytes: bytes.slice(1) };
  return kind === MORE ? { type: "more", count, bytes: bytes.slice(1) } : { type: "noise" };
}

/** The frame, if the bytes are one, whole and sound, and nothing else. Its length has two bytes, low byte first (sheet a). */
export function frameOf(bytes: Uint8Array): Frame | null {
  if (bytes.length < OVERHEAD || bytes[0] !== START || u16(bytes, 1) !== bytes.length) return null;
  const sent = u16(bytes, bytes.length - 2);
  if (bytes[bytes.length - 3] !== END || sent !== crc16CcittFalse(bytes.subarray(0, -2))) return null;
  return { link: 0, message: bytes.slice(3, -3), bytes };
}

/**
 * What is wrong with bytes that are no sound frame: FRAME_TRUNCATED if one begins and does not end, FRAME_CHECKSUM if it
 * is as long as it says but damaged, FRAME_MALFORMED if it is no frame.
 */
export function damageIn(bytes: Uint8Array): Problem {
  const frame = hex(bytes.subarray(0, 64));
  if (bytes[0] !== START || bytes.length < 3)
    return new Problem("FRAME_MALFORMED", "What came is no frame.", { frame });
  const missing = u16(bytes, 1) - bytes.length;
  if (missing > 0) return new Problem("FRAME_TRUNCATED", undefined, { offset: bytes.length, missing, frame });
  if (missing < 0) return new Problem("FRAME_MALFORMED", "More came than the frame's length says.", { frame });
  return new Problem("FRAME_CHECKSUM", undefined, { offset: bytes.length - 2, frame });
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}
