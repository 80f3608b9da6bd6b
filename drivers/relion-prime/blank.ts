import type { Mask } from "../../src/kit/driver.js";
import { blankFrames } from "../shared/astm/blank.js";

/**
 * Masks the header's password and all that stands behind the model: which component is the serial number is known, what
 * the others say is not. Makes the checksum right again.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  return blankFrames(stream, mask, { componentsFrom: 1 });
}
