import type { BulkDriver } from "../../src/kit/driver.js";
import { MODEL_NAMES } from "../shared/roche/models.js";
import { blank } from "./blank.js";
import { LIMITS } from "./limits.js";
import { PROBE } from "./opening.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

const SOURCE = "sheet a";

/** Roche's meters with a USB socket: IEEE 11073-20601 over two bulk endpoints. Facts stand in README.md. */
export const accuChek: BulkDriver = {
  id: "accu-chek",
  maker: "Roche",
  models: MODEL_NAMES,
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "usb",
  interfaceNumber: 0,
  usb: [
    { vendorId: "173a", productId: "21cf", ambiguous: false, source: SOURCE },
    { vendorId: "173a", productId: "21d5", ambiguous: false, source: SOURCE },
    { vendorId: "173a", productId: "21d6", ambiguous: false, source: SOURCE },
    { vendorId: "173a", productId: "21d7", ambiguous: false, source: SOURCE },
    { vendorId: "173a", productId: "21d8", ambiguous: false, source: SOURCE },
  ],
  // Known meters send mg/dL whatever they show; the unit is stated, and is read.
  units: "mg/dL",
  limits: LIMITS,
  integrity: { check: "none", over: "repeated" },
  probe: PROBE,
  capabilities: {
    readings: "yes",
    // What the display shows is not among what a captured meter tells of itself.
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "absent",
    ketone: "absent",
    // The standard has a word for a span of time; nobody has tried it on these meters.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
