import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_MS } from "./opening.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** SD Biosensor SD CodeFree: binary frames over a 2.5 mm jack cable; the meter speaks first. Facts stand in README.md. */
export const sdCodefree: SerialDriver = {
  id: "sd-codefree",
  maker: "SD Biosensor",
  models: ["SD CodeFree"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 38400, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [{ vendorId: "10c4", productId: "ea60", ambiguous: true, source: "Silicon Labs CP210x: sheet b" }],
  units: "mg/dL",
  limits,
  integrity: { check: "xor", over: "record" },
  probe: { rank: 10, withinMs: PROBE_MS, listens: true },
  capabilities: {
    readings: "yes",
    unit: "absent",
    clockRead: "absent",
    clockSet: "yes",
    serialNumber: "absent",
    // How such a test is marked, if it is kept at all, is not known.
    controlSolution: "unknown",
    mealMarker: "yes",
    note: "absent",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
