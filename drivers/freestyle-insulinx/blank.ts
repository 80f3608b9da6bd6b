import type { Mask } from "../../src/kit/driver.js";
import { blank as blankAbbott } from "../shared/abbott-hid/blank.js";

/** Masks serial numbers and names. See the shared `blank`. */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  return blankAbbott(reports, mask);
}
