import type { SerialDriver } from "../../src/kit/driver.js";
import { GLUCOSE_LIMITS } from "../shared/abbott-text/record.js";
import { blank } from "./blank.js";
import { PROBE_WITHIN_MS, session, setClock } from "./session.js";
import { simulate } from "./simulator.js";

/** Abbott Precision Xtra, FreeStyle Optium and Optium Xceed: text lines over the strip port. Facts stand in README.md. */
export const precisionXtra: SerialDriver = {
  id: "precision-xtra",
  maker: "Abbott",
  models: ["Precision Xtra", "FreeStyle Optium", "Optium Xceed"],
  source: "meter",
  kinds: ["glucose", "ketone"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 19_200, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    {
      vendorId: "1a61",
      productId: "3420",
      ambiguous: false,
      source: "Abbott's own cable, TI TUSB3410: sheets a and b",
    },
  ],
  units: "mg/dL",
  limits: GLUCOSE_LIMITS,
  integrity: { check: "sum16", over: "dump" },
  probe: { rank: 30, withinMs: PROBE_WITHIN_MS },
  capabilities: {
    readings: "yes",
    // Only sheet b knows the question, and of its two answers only one.
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    // Six bits of the status are not understood.
    mealMarker: "unknown",
    note: "absent",
    ketone: "yes",
    // Sheet a names a word for single records that nobody uses.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
