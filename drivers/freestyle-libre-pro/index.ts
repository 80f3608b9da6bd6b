import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_WITHIN_MS, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** The clinic's reader of FreeStyle Libre Pro sensors: binary tables in HID reports. Facts and their sources stand in README.md. */
export const freestyleLibrePro: HidDriver = {
  id: "freestyle-libre-pro",
  maker: "Abbott",
  models: ["FreeStyle Libre Pro"],
  source: "cgm",
  kinds: ["glucose", "ketone"],
  evidence: "specification",
  transport: "hid",
  usb: [{ vendorId: "1a61", productId: "3670", ambiguous: false, source: "Abbott's own: sheet a" }],
  units: "mg/dL",
  limits,
  // Each record has its own; each frame one of 32 bits besides.
  integrity: { check: "crc16", over: "record" },
  probe: { rank: 30, withinMs: PROBE_WITHIN_MS },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    // The word is known from the Libre's tables; nobody has told of it on a Pro.
    clockSet: "unknown",
    serialNumber: "yes",
    // It has a kind of record for them, whose layout is not known: told as unreadable.
    controlSolution: "unknown",
    mealMarker: "absent",
    // What was entered with a test stands in bytes that nobody has described.
    note: "unknown",
    // The table has a kind for them; whether the Pro takes such strips is not in the sheet.
    ketone: "unknown",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
