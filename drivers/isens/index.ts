import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "../shared/isens/blank.js";
import { PROBE_MS } from "../shared/isens/greet.js";
import { limits } from "../shared/isens/record.js";
import { MAKER, session } from "../shared/isens/session.js";
import { setClock } from "../shared/isens/set-clock.js";
import { simulate } from "../shared/isens/simulated.js";

/** i-SENS CareSens N and its kin over a serial cable, protocols 1 and 3. Facts and their sources stand in README.md. */
export const isens: SerialDriver = {
  id: "isens",
  maker: MAKER,
  models: ["CareSens N", "ReliOn Premier", "Glucocard Shine", "Glucocard Shine XL"],
  source: "meter",
  kinds: ["glucose", "ketone"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    { vendorId: "0403", productId: "6015", ambiguous: true, source: "FTDI FT230X: sheet a" },
    { vendorId: "0403", productId: "6001", ambiguous: true, source: "FTDI FT232R: sheet a" },
  ],
  units: "mg/dL",
  limits,
  // Answers with records carry no valid checksum: each is asked for until it came twice alike.
  integrity: { check: "none", over: "repeated" },
  probe: { rank: 20, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "absent",
    ketone: "yes",
    // Protocol 3 gives any record by its number, but nobody says whether a number stays the same.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
