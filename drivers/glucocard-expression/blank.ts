import { latin1 } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";
import type { Mask } from "../../src/kit/driver.js";
import { isPacket, OPERATIONS, PACKET_BYTES, PAYLOAD_BYTES } from "./packet.js";

/** Where the payload begins in a packet. */
const PAYLOAD_AT = 2;

/**
 * Masks the serial number in the packets that tell it and writes their checksum anew if it was right before. A torn or
 * damaged packet is masked by what is left of it: its two first bytes, or eight letters and digits behind one of them.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const out = Uint8Array.from(stream);
  const hide = (from: number): void => out.set(mask(stream.slice(from, from + PAYLOAD_BYTES)), from);
  const known = new Set<string>();
  for (let at = 0; at < stream.length; at += 1) {
    if (isPacket(stream, at, OPERATIONS.serial)) known.add(latin1(stream.subarray(at + 2, at + 2 + PAYLOAD_BYTES)));
    const isWhole = [OPERATIONS.dump, OPERATIONS.clock, OPERATIONS.ping].some((one) => isPacket(stream, at, one));
    if (isWhole) at += PACKET_BYTES - 1;
    else if (tells(stream, at)) hide(at + PAYLOAD_AT);
  }
  const text = latin1(stream);
  for (const serial of known) {
    for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + 1)) hide(at);
  }
  for (let at = 0; at + PACKET_BYTES <= stream.length; at += 1) {
    if (!isPacket(stream, at, OPERATIONS.serial)) continue;
    out[at + PACKET_BYTES - 1] = sum8(out.subarray(at + 1, at + PACKET_BYTES - 1));
  }
  return out;
}

/** Whether a packet with a serial number, or what is left of one, seems to begin there. No other holds such text. */
function tells(stream: Uint8Array, at: number): boolean {
  const [start = 0, operation = 0] = stream.subarray(at, at + PAYLOAD_AT);
  if (start === 0xdd && operation === OPERATIONS.serial) return true;
  const isText = /^[0-9A-Za-z]{8}/.test(latin1(stream.subarray(at + PAYLOAD_AT, at + PACKET_BYTES)));
  return isText && (operation === OPERATIONS.serial || start === 0xdd);
}
