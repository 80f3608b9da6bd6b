/** Polynomial of the frames' checksum (sheet a). */
const POLYNOMIAL_32 = 0x04c11db7;
/** Polynomial 1021 of the records' checksum (sheet a), its bits in the opposite order. */
const REFLECTED_16 = 0x8408;

/**
 * The checksum of a frame (sheet a, proven on captured frames): CRC-32 with polynomial 04C11DB7, start FFFFFFFF, nothing
 * reflected or inverted, over words of four bytes whose last byte comes first; zeros fill the last word.
 */
export function crc32Words(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let word = 0; word < bytes.length; word += 4) {
    for (let at = word + 3; at >= word; at -= 1) {
      crc = ((crc << 8) ^ (TABLE_32[((crc >>> 24) ^ (bytes[at] ?? 0)) & 0xff] ?? 0)) >>> 0;
    }
  }
  return crc;
}

/**
 * The checksum of a record (sheet a, proven on captured records): CRC-16 with polynomial 1021, start FFFF, bits going in
 * reflected and coming out as they are.
 */
export function crc16Record(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE_16[(crc ^ byte) & 0xff] ?? 0);
  let turned = 0;
  for (let bit = 0; bit < 16; bit += 1) turned |= ((crc >>> bit) & 1) << (15 - bit);
  return turned;
}

const TABLE_32 = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc < 0 ? POLYNOMIAL_32 : 0);
  return crc;
});

const TABLE_16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ REFLECTED_16 : crc >>> 1;
  return crc;
});
