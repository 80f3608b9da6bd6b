/** The sum of the bytes modulo 2 to the power of 32: what this protocol has as a checksum (sheet b; sheet a: the sum). */
export function sum32(bytes: Uint8Array): number {
  let sum = 0;
  // 256 MB of bytes would be needed to leave the numbers that are exact; no answer is let grow that far.
  for (let at = 0; at < bytes.length; at += 1) sum += bytes[at] ?? 0;
  return sum % 0x1_0000_0000;
}

/** A sum as the meters write it: eight hex digits, upper case. */
export function sumText(sum: number): string {
  return sum.toString(16).toUpperCase().padStart(8, "0");
}
