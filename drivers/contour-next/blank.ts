import type { Mask } from "../../src/kit/driver.js";
import { blankFrames } from "../shared/astm/blank.js";
import { SERIAL_COMPONENT } from "../shared/astm/contour.js";
import { editPayloads } from "../shared/hid/payloads.js";
import { payloadPlace } from "./reports.js";

/**
 * Masks serial numbers, the header's password and what the patient record says, also where they cross reports, and makes
 * the checksums right again. What stands behind a payload is zeros in a sound report, and masked in a damaged one, whose
 * length may be wrong.
 */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  const masked = editPayloads(reports, payloadPlace, (stream) =>
    blankFrames(stream, mask, { componentsFrom: SERIAL_COMPONENT }),
  );
  return masked.map((report) => {
    const [, to] = payloadPlace(report);
    report.set(mask(report.slice(to)), to);
    return report;
  });
}
