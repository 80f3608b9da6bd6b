import type { HidDriver } from "../../src/kit/driver.js";
import { LIBRE_PROBE_MS } from "../shared/abbott-hid/libre/text-session.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { session, setClock } from "./session.js";
import { simulate } from "./simulator.js";

/** The reader of FreeStyle Libre sensors: text in HID reports. Facts and their sources stand in README.md. */
export const freestyleLibre: HidDriver = {
  id: "freestyle-libre",
  maker: "Abbott",
  models: ["FreeStyle Libre"],
  source: "cgm",
  kinds: ["glucose", "ketone", "insulin", "carbs", "note"],
  evidence: "specification",
  transport: "hid",
  usb: [{ vendorId: "1a61", productId: "3650", ambiguous: false, source: "Abbott's own: sheets a and b" }],
  units: "mg/dL",
  limits,
  // Really a sum of 32 bits, over the records of a log and over the whole answer.
  integrity: { check: "sum32", over: "dump" },
  probe: { rank: 30, withinMs: LIBRE_PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    // It has a kind of record for them, whose layout is not known: told as unreadable.
    controlSolution: "unknown",
    mealMarker: "unknown",
    note: "yes",
    ketone: "yes",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
