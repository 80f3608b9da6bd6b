import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_WITHIN_MS, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Abbott FreeStyle Precision Neo, Optium Neo, Optium Neo H: text in HID reports. Facts and their sources stand in README.md. */
export const precisionNeo: HidDriver = {
  id: "precision-neo",
  maker: "Abbott",
  models: ["FreeStyle Precision Neo", "FreeStyle Optium Neo", "FreeStyle Optium Neo H"],
  source: "meter",
  kinds: ["glucose", "ketone", "insulin"],
  evidence: "specification",
  transport: "hid",
  usb: [{ vendorId: "1a61", productId: "3850", ambiguous: false, source: "Abbott's own: sheets a and b" }],
  units: "mg/dL",
  limits,
  // Really a sum of 32 bits, over the records and over the whole answer.
  integrity: { check: "sum32", over: "dump" },
  probe: { rank: 30, withinMs: PROBE_WITHIN_MS },
  capabilities: {
    readings: "yes",
    // Only one of the two answers was ever seen.
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    // Several fields of a record are not understood.
    mealMarker: "unknown",
    note: "absent",
    ketone: "yes",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
