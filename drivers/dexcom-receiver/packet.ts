import { concat } from "../../src/kit/bytes.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";

/** What the hub says, by name (sheet a in hex, sheet b in decimal; the receiver knows more words, one of which erases). */
export const COMMANDS = {
  ping: 0x0a,
  firmware: 0x0b,
  pageRange: 0x10,
  pages: 0x11,
  displayOffset: 0x1d,
  setDisplayOffset: 0x1e,
  systemTime: 0x22,
  unit: 0x25,
} as const;

/** The receiver has done what it was asked (sheets a and b). */
export const ACK = 0x01;
/** How the receiver declines (sheets a and b; 7 only in sheet a), in our words. */
export const REFUSALS: ReadonlyMap<number, string> = new Map([
  [2, "it did not understand the packet"],
  [3, "it does not know the command"],
  [4, "it does not know the parameter"],
  [5, "the packet came in part"],
  [6, "it has an error of its own"],
  [7, "it is in another mode"],
]);

/** First byte of every packet (sheets a and b). */
const SYNC = 0x01;
/** Sync, total length (two bytes) and command before the payload, two bytes of CRC behind it (sheets a and b). */
export const BEFORE_PAYLOAD = 4;
const AROUND_PAYLOAD = 6;
/** Longer than any packet that this driver asks for: a page is 528 bytes, a description in XML less than a thousand. */
export const LONGEST_PACKET = 2_048;

/** A packet: sync, total length, command, payload, CRC-16/XMODEM over all before it (both sheets, ten vectors). */
export function packet(command: number, payload: readonly number[] | Uint8Array = []): Uint8Array {
  const length = payload.length + AROUND_PAYLOAD;
  const head = Uint8Array.from([SYNC, length & 0xff, length >> 8, command, ...payload]);
  const crc = crc16Xmodem(head);
  return concat([head, Uint8Array.of(crc & 0xff, crc >> 8)]);
}

/**
 * Where the first piece of the bytes ends: a packet by its own length, or what stands before anything that could begin
 * one. 0 while a packet is not whole.
 */
export function cutPacket(bytes: Uint8Array): number {
  if (!beginsPacket(bytes)) {
    for (let at = 1; at < bytes.length; at += 1) if (beginsPacket(bytes.subarray(at))) return at;
    return bytes.length;
  }
  const length = packetLength(bytes);
  return length !== null && bytes.length >= length ? length : 0;
}

/** True for bytes that are a packet or may become one. */
export function beginsPacket(bytes: Uint8Array): boolean {
  if (bytes[0] !== SYNC) return false;
  const length = packetLength(bytes);
  return length === null || (length >= AROUND_PAYLOAD && length <= LONGEST_PACKET);
}

/** What a packet says; null if its CRC is wrong. */
export function openPacket(frame: Uint8Array): { readonly command: number; readonly payload: Uint8Array } | null {
  const end = frame.length - 2;
  if (
    end < BEFORE_PAYLOAD ||
    packetLength(frame) !== frame.length ||
    u16(frame, end) !== crc16Xmodem(frame.subarray(0, end))
  ) {
    return null;
  }
  return { command: frame[3] ?? 0, payload: frame.slice(BEFORE_PAYLOAD, end) };
}

/** Two bytes, the lower first (as everything on this wire). Throws RangeError beyond the end. */
export function u16(bytes: Uint8Array, at: number): number {
  return view(bytes).getUint16(at, true);
}

/** Four bytes, the lowest first. Throws RangeError beyond the end. */
export function u32(bytes: Uint8Array, at: number): number {
  return view(bytes).getUint32(at, true);
}

/** Four bytes with a sign, the lowest first. Throws RangeError beyond the end. */
export function i32(bytes: Uint8Array, at: number): number {
  return view(bytes).getInt32(at, true);
}

/** The four bytes of a whole number, with a sign or without, the lowest first. */
export function four(value: number): readonly number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}

/** The length that a packet announces; null while that has not come. */
function packetLength(bytes: Uint8Array): number | null {
  return bytes.length < 3 ? null : u16(bytes, 1);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
