import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_MS } from "./question.js";
import { session } from "./session.js";
import { simulate } from "./simulator.js";

/** Sanofi BGStar and MyStar Extra: lines of text without checksums over a USB cable. Facts stand in README.md. */
export const bgstar: SerialDriver = {
  id: "bgstar",
  maker: "Sanofi",
  models: ["BGStar", "MyStar Extra"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 115200, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    {
      vendorId: "10c4",
      productId: "ea60",
      ambiguous: true,
      source: "Silicon Labs CP210x, the Zero-click cable: sheet b",
    },
  ],
  units: "mg/dL",
  limits,
  integrity: { check: "none", over: "repeated" },
  probe: { rank: 30, withinMs: PROBE_MS },
  // One person's study of one meter is all that is known, so nothing but its purpose counts as established.
  capabilities: {
    readings: "yes",
    unit: "unknown",
    clockRead: "unknown",
    clockSet: "unknown",
    serialNumber: "unknown",
    controlSolution: "unknown",
    mealMarker: "unknown",
    note: "unknown",
    ketone: "absent",
    incremental: "unknown",
  },
  session,
  // No word for it is known.
  setClock: null,
  blank,
  simulate,
};
