/** The sum of the bytes modulo 256. */
export function sum8(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xff;
}

/** The sum of the bytes modulo 65,536. */
export function sum16(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xffff;
}

/** All bytes combined by exclusive or. */
export function xor8(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum ^= byte;
  return sum;
}

/** CRC-16/IBM-3740, also called CCITT-FALSE: polynomial 1021, start FFFF. `123456789` gives 29B1 (the CRC catalogue). */
export function crc16CcittFalse(bytes: Uint8Array): number {
  return crc16(bytes, 0xffff);
}

/** CRC-16/XMODEM: polynomial 1021, start 0000. `123456789` gives 31C3 (the CRC catalogue). */
export function crc16Xmodem(bytes: Uint8Array): number {
  return crc16(bytes, 0);
}

/** CRC-8/MAXIM-DOW: polynomial 31 reflected, start 00. `123456789` gives A1 (the CRC catalogue). */
export function crc8Maxim(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x8c : crc >>> 1;
  }
  return crc;
}

/** Polynomial 1021, most significant bit first, nothing reflected or inverted at the end. */
function crc16(bytes: Uint8Array, start: number): number {
  let crc = start;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (CRC16_TABLE[(crc >>> 8) ^ byte] ?? 0);
  return crc;
}

const CRC16_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff;
  return crc;
});
