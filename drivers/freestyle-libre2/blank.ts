import type { Mask } from "../../src/kit/driver.js";
import { blankEncrypted } from "../shared/abbott-hid/encryption/blank.js";

/** Masks the serial number where it stands in the clear, and leaves nothing of what is encrypted. See the shared function. */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  return blankEncrypted(reports, mask);
}
