import { Problem } from "../../../src/domain/problem.js";
import { sfloat } from "../ieee11073/float.js";

/**
 * A number of 16 bits as Bluetooth's services send it (IEEE 11073-20601, "SFLOAT"): mantissa times a power of ten, or a word
 * that stands for no number. `above` and `below` are plus and minus infinity.
 */
export type Sfloat =
  | { readonly kind: "number"; readonly mantissa: number; readonly exponent: number; readonly value: number }
  | { readonly kind: "above" | "below" | "not a number" | "not at this resolution" | "reserved" };

/** Words without a number, beside the infinities (sheet b, vectors). */
const NOTHING: ReadonlyMap<number, "not a number" | "not at this resolution"> = new Map([
  [0x07ff, "not a number"],
  [0x0800, "not at this resolution"],
]);

/**
 * The number of two bytes, low one first, at that place. A mantissa that is special has no exponent by the standard;
 * programs differ in what they make of one that has, so it is `reserved`: neither a number nor an infinity. Throws
 * FRAME_TRUNCATED where two bytes do not stand.
 */
export function readSfloat(bytes: Uint8Array, at: number): Sfloat {
  const [low, high] = [bytes[at], bytes[at + 1]];
  if (low === undefined || high === undefined) {
    throw new Problem("FRAME_TRUNCATED", "A number ends before its second byte.", { at, bytes: bytes.length });
  }
  const word = low | (high << 8);
  const number = sfloat(word);
  if (number.kind === "number") return number;
  return { kind: number.kind === "invalid" ? (NOTHING.get(word) ?? "reserved") : number.kind };
}

/**
 * The number times ten to that power, from its decimal text, so that 55 times 10^-4 times 10^3 is 5.5 and not the sum of
 * binary dust. Whole powers only.
 */
export function scaled({ mantissa, exponent }: { mantissa: number; exponent: number }, power: number): number {
  return Number(`${mantissa}e${exponent + power}`);
}
