import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { PROBE_MS } from "./question.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Menarini GlucoMen areo: blocks of text over a 2.5 mm jack cable or USB. Facts and their sources stand in README.md. */
export const glucomenAreo: SerialDriver = {
  id: "glucomen-areo",
  maker: "Menarini",
  models: ["GlucoMen areo", "GlucoMen areo GK"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 9600, dataBits: 8, parity: "odd", stopBits: 1 },
  usb: [
    { vendorId: "10c4", productId: "ea60", ambiguous: true, source: "Silicon Labs CP210x, the areo's cable: sheet b" },
    { vendorId: "2c81", productId: "0500", ambiguous: false, source: "inside the areo GK: sheet b" },
  ],
  units: "from-meter",
  // They depend on the unit: limits.ts has them for both.
  limits: null,
  integrity: { check: "crc8", over: "dump" },
  probe: { rank: 20, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "absent",
    // One author names the word for it, and its success can't be read back.
    clockSet: "unknown",
    serialNumber: "yes",
    // How such a test is marked, if it is kept at all, is not known.
    controlSolution: "unknown",
    mealMarker: "yes",
    note: "yes",
    // The GK takes ketone strips; how their results are named is not known.
    ketone: "unknown",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
