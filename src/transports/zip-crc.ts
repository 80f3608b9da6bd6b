import * as zlib from "node:zlib";

/**
 * The checksum of a zip entry (CRC-32, reflected polynomial 0xEDB88320: PKWARE APPNOTE 6.3.10, section 4.4.7) of `bytes`
 * appended to what gave `before`. Begins and ends as an unsigned 32-bit number; `before` of nothing is 0.
 */
export const crc32: (bytes: Uint8Array, before: number) => number =
  // Node has it natively from 20.15 on; the hub promises to run on every 20.
  typeof zlib.crc32 === "function" ? zlib.crc32 : crc32ByTable;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** The same as {@link crc32} without the platform's help: for older Node, and to be compared with. */
export function crc32ByTable(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}
