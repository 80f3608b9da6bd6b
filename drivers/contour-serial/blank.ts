import type { Mask } from "../../src/kit/driver.js";
import { blankFrames } from "../shared/astm/blank.js";
import { SERIAL_COMPONENT } from "../shared/astm/contour.js";

/** Masks serial numbers, the header's password and what the patient record says, and makes the checksums right again. */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  return blankFrames(stream, mask, { componentsFrom: SERIAL_COMPONENT });
}
