import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_MS } from "./opening.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** ReliOn Prime and Glucocard Vital: an ASTM header, then records by number. Facts and their sources stand in README.md. */
export const relionPrime: SerialDriver = {
  id: "relion-prime",
  maker: "Arkray",
  models: ["ReliOn Prime", "Glucocard Vital"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 19_200, dataBits: 8, parity: "none", stopBits: 2 },
  usb: [
    { vendorId: "0efb", productId: "0011", ambiguous: false, source: "Arkray's cable, a CP2102 inside: sheet a" },
    { vendorId: "0403", productId: "6001", ambiguous: true, source: "FTDI FT232R: sheet a" },
  ],
  units: "mg/dL",
  limits,
  integrity: { check: "sum8", over: "record" },
  probe: { rank: 40, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    // Sheet a takes mg/dL for granted; no word for the display's unit is known.
    unit: "unknown",
    clockRead: "yes",
    // One sheet names the words, and nothing else speaks for them.
    clockSet: "unknown",
    serialNumber: "yes",
    controlSolution: "yes",
    // Five of the eight flags are not known.
    mealMarker: "unknown",
    note: "unknown",
    ketone: "absent",
    // Records have numbers, but whether they stay is not established.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
