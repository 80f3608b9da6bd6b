import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./codec.js";
import { PROBE_MS } from "./dialogue.js";
import { MAKER, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Arkray Glucocard Expression and Omnis EmbraceTALK: packets of eleven bytes. Facts and their sources stand in README.md. */
export const glucocardExpression: SerialDriver = {
  id: "glucocard-expression",
  maker: MAKER,
  models: ["Glucocard Expression", "EmbraceTALK"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 19_200, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    { vendorId: "067b", productId: "2303", ambiguous: true, source: "Prolific PL2303: sheet a" },
    { vendorId: "0403", productId: "6001", ambiguous: true, source: "FTDI FT232R: sheet a" },
  ],
  units: "mg/dL",
  limits,
  integrity: { check: "sum8", over: "record" },
  probe: { rank: 20, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "unknown",
    clockRead: "yes",
    // One source names the command and not in which form its numbers stand: implemented, and proven by reading back.
    clockSet: "unknown",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "unknown",
    note: "unknown",
    ketone: "unknown",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
