import type { Mask } from "../../src/kit/driver.js";
import { blankReports } from "../shared/cp2110/report-stream.js";
import { blank as blankStream } from "../shared/isens/blank.js";
import { shinePacking } from "./packing.js";

/** The meter's reports, blanked as its stream over a serial cable is. */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  return blankReports(reports, shinePacking, (stream) => blankStream(stream, mask));
}
