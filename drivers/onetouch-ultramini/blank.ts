import type { Mask } from "../../src/kit/driver.js";
import { blankFrames } from "../shared/lifescan/blank.js";

/** Masks the serial number, and makes its frame's checksum right again. */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  return blankFrames(stream, mask, [0x05]);
}
