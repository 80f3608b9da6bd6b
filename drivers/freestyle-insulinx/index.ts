import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_WITHIN_MS, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Abbott FreeStyle InsuLinx: text in HID reports. Facts and their source stand in README.md. */
export const freestyleInsulinx: HidDriver = {
  id: "freestyle-insulinx",
  maker: "Abbott",
  models: ["FreeStyle InsuLinx"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "hid",
  usb: [{ vendorId: "1a61", productId: "3460", ambiguous: false, source: "Abbott's own: sheet b" }],
  units: "mg/dL",
  limits,
  // Really a sum of 32 bits, over the records and over the whole answer.
  integrity: { check: "sum32", over: "dump" },
  probe: { rank: 30, withinMs: PROBE_WITHIN_MS },
  capabilities: {
    readings: "yes",
    // The word exists; what it answers is a guess.
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    // Eight fields of a record are not understood.
    controlSolution: "unknown",
    mealMarker: "unknown",
    note: "unknown",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
