import { Problem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";

/** Bytes of the check at a value's end. */
export const CRC_BYTES = 2;
/** x^16 + x^12 + x^5 + 1 (CGM Service, "E2E-CRC"), least significant bit first. */
const REFLECTED = 0x8408;
/** What the sum starts with (the same place). */
const SEED = 0xffff;

/**
 * The check of a CGM's values over all fields before it: CRC-CCITT, least significant bit first, start FFFF, not inverted at
 * the end, which the CRC catalogue calls CRC-16/MCRF4XX: `123456789` gives 6F91. That bits are taken from the lower end is
 * not in the Bluetooth text that was at hand, but what two makers' programs do (README.md).
 */
export function e2eCrc(bytes: Uint8Array): number {
  let crc = SEED;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ REFLECTED : crc >>> 1;
  }
  return crc;
}

/** The bytes without their check, low byte first at the end. Throws FRAME_CHECKSUM if it does not fit them, and for none. */
export function checked(bytes: Uint8Array): Uint8Array {
  const at = bytes.length - CRC_BYTES;
  const sent = (bytes[at] ?? -1) | ((bytes[at + 1] ?? -1) << 8);
  const body = bytes.subarray(0, Math.max(0, at));
  if (at < 0 || sent !== e2eCrc(body))
    throw new Problem("FRAME_CHECKSUM", undefined, { bytes: hex(bytes.subarray(0, 64)) });
  return body;
}
