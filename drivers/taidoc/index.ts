import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { PROBE_MS } from "./dialogue.js";
import { limits } from "./limits.js";
import { MAKER, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** TaiDoc's meters behind a CP2110, sold under many names. Facts and their sources stand in README.md. */
export const taidoc: HidDriver = {
  id: "taidoc",
  maker: MAKER,
  models: [
    "GlucoRx Nexus",
    "GlucoRx NexusQ",
    "GlucoRx Nexus Mini Ultra",
    "GlucoRx Go",
    "GlucoRx HCT",
    "GlucoMen Nexus",
    "Aktivmed GlucoCheck XL",
    "TD-4235B",
    "TD-4277",
  ],
  source: "meter",
  kinds: ["glucose", "ketone"],
  evidence: "specification",
  transport: "hid",
  // The chip maker's own identifier: other devices have it too.
  usb: [{ vendorId: "10c4", productId: "ea80", ambiguous: true, source: "Silicon Labs CP2110: both sheets" }],
  units: "mg/dL",
  limits,
  // Each message has its sum, and a reading is told once its time was the same before and after its value.
  integrity: { check: "sum8", over: "record" },
  probe: { rank: 20, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    // Values are mg/dL always; what the display is set to is not known to be told.
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "absent",
    ketone: "yes",
    // Records have numbers, but each test shifts them.
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
