import type { Mask } from "../../src/kit/driver.js";
import { blank as blankAbbott } from "../shared/abbott-text/blank.js";

/** Masks the serial number, but for its first letter: it tells the model. See the shared `blank`. */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  return blankAbbott(stream, mask, 1);
}
