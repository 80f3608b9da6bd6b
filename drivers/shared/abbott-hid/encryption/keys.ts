import { concat, latin1Bytes } from "../../../../src/kit/bytes.js";
import { cmac } from "./cmac.js";

/** What each derived key is for (sheet b: working programs have the capitals of the second so, a document does not). */
export type KeyLabel = "AuthrEnc" | "AuthrMAC" | "SessnEnc" | "SessnMAC";

/**
 * A key of 16 bytes, the lowest first, derived from a constant one (sheet b): the lower half is the check of 1, label, 0,
 * context, 80 00, the upper half the same with 2.
 */
export function derivedKey(constant: Uint8Array, label: KeyLabel, context: Uint8Array): Uint8Array {
  const mac = cmac(constant);
  const half = (number: number): Uint8Array =>
    mac(concat([Uint8Array.of(number), latin1Bytes(label), Uint8Array.of(0), context, Uint8Array.of(0x80, 0)]));
  return concat([half(1), half(2)]);
}
