import type { Mask } from "../../src/kit/driver.js";
import { blankBinary } from "../shared/abbott-hid/binary/blank.js";
import { blank as blankText } from "../shared/abbott-hid/blank.js";

/** Masks serial numbers in text and in the binary frames. See the two shared functions. */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  return blankBinary(reports, mask, (others) => blankText(others, mask));
}
