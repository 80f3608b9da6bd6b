import type { Mask } from "../../../../src/kit/driver.js";
import { blank } from "../blank.js";
import { SETUP } from "./challenge.js";
import { CLEAR_TYPES } from "./secure-report.js";

/** A refusal in the handshake has one byte; anything longer holds nonces. */
const REFUSAL_BYTES = 1;

/**
 * Masks serial numbers in reports that are in the clear and empties all others but for their type, the handshake's as well:
 * the constant keys are known to many, and with them a serial number could be found by trying. What is left can't be replayed.
 * As many reports as before, each as long.
 */
export function blankEncrypted(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  const cleared = reports.map((report) => {
    const [type = 0, length = 0] = report;
    const isTelling = !CLEAR_TYPES.has(type) || (type === SETUP.reader && length > REFUSAL_BYTES);
    return isTelling ? Uint8Array.from(report, (byte, at) => (at === 0 ? byte : 0)) : report;
  });
  return blank(cleared, mask);
}
