/** The bytes of a number, low byte first; of a negative one its complement. */
export function little(value: number, bytes: 2): number[] {
  return Array.from({ length: bytes }, (_, place) => Math.floor(value / 256 ** place) & 0xff);
}

/** The characters of a text, one byte each. */
export function letters(text: string): number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}

/** A number of 16 bits: four bits of exponent, twelve of mantissa, both signed (IEEE 11073-20601). */
export function sfloatWord(mantissa: number, exponent: number): number {
  return ((exponent & 0xf) << 12) | (mantissa & 0xfff);
}

/**
 * The bytes with their check behind them. Written apart from the driver's, from the other end: each byte's bits are put into
 * a register that shifts the other way, and the register is turned round at the end.
 */
export function withCheck(bytes: readonly number[]): number[] {
  let register = 0xffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = ((register >>> 15) & 1) ^ ((byte >>> bit) & 1);
      register = ((register << 1) & 0xffff) ^ (carry === 1 ? 0x1021 : 0);
    }
  }
  let turned = 0;
  for (let bit = 0; bit < 16; bit += 1) turned |= ((register >>> bit) & 1) << (15 - bit);
  return [...bytes, turned & 0xff, turned >>> 8];
}
