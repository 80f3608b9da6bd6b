import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_WITHIN_MS, session, setClock } from "./session.js";
import { simulate } from "./simulator.js";

/** Encrypted readers of FreeStyle Libre 2 and 3 sensors: the user brings the keys. Facts and their sources stand in README.md. */
export const freestyleLibre2: HidDriver = {
  id: "freestyle-libre2",
  maker: "Abbott",
  models: ["FreeStyle Libre 2", "FreeStyle Libre 3"],
  source: "cgm",
  kinds: ["glucose", "ketone", "insulin", "carbs", "note"],
  evidence: "specification",
  transport: "hid",
  // The Libre 3 reader's product is not in the sheets: it is read when the driver is named.
  usb: [{ vendorId: "1a61", productId: "3950", ambiguous: false, source: "Abbott's own: sheets a and b" }],
  units: "mg/dL",
  limits,
  // Really a sum of 32 bits over each log, and half a MAC of 64 bits over each report.
  integrity: { check: "sum16", over: "dump" },
  probe: { rank: 30, withinMs: PROBE_WITHIN_MS },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    // It has a kind of record for them, whose layout is not known: told as unreadable.
    controlSolution: "unknown",
    mealMarker: "absent",
    note: "yes",
    ketone: "yes",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
