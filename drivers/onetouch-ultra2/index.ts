import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { session } from "./session.js";
import { simulate } from "./simulator.js";

/** LifeScan OneTouch Ultra 2: text lines over a 2.5 mm jack cable. Facts and their sources stand in README.md. */
export const onetouchUltra2: SerialDriver = {
  id: "onetouch-ultra2",
  maker: "LifeScan",
  models: ["OneTouch Ultra 2"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    { vendorId: "0403", productId: "6001", ambiguous: true, source: "FTDI FT232R: sheet a" },
    { vendorId: "067b", productId: "2303", ambiguous: true, source: "Prolific PL2303: sheets a and b" },
    { vendorId: "1a86", productId: "7523", ambiguous: true, source: "WCH CH340: sheet a" },
  ],
  units: "mg/dL",
  limits,
  integrity: { check: "sum16", over: "record" },
  // With and without CR, as the sheets differ: two tries of a second.
  probe: { rank: 20, withinMs: 2_500 },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    // The meter has a word for it. This driver never says it, so nothing is established.
    clockSet: "unknown",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "yes",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock: null,
  blank,
  simulate,
};
