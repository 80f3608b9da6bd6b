import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_MS } from "./opening.js";
import { session } from "./session.js";
import { simulate } from "./simulator.js";

/** Trividia True Metrix: text in parentheses, in HID reports. Facts and their sources stand in README.md. */
export const trueMetrix: HidDriver = {
  id: "true-metrix",
  maker: "Trividia",
  models: ["True Metrix", "True Metrix Pro", "True Metrix Air", "True Metrix Go"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "hid",
  usb: [
    {
      vendorId: "1f41",
      productId: "0000",
      ambiguous: false,
      source: "the cradle of True Metrix, Pro and Air: sheet a",
    },
    { vendorId: "1f41", productId: "0003", ambiguous: false, source: "True Metrix Go: sheet a" },
  ],
  units: "mg/dL",
  limits,
  integrity: { check: "sum16", over: "dump" },
  // It switches the meter off and wakes it up before the first question.
  probe: { rank: 40, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "unknown",
    clockRead: "yes",
    clockSet: "absent",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "unknown",
    note: "unknown",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock: null,
  blank,
  simulate,
};
