import type { SerialDriver } from "../../src/kit/driver.js";
import { LIMITS } from "../shared/lifescan/glucose.js";
import { blank } from "./blank.js";
import { PROBE, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** LifeScan OneTouch UltraMini, sold as UltraEasy too: binary frames over a jack cable. Facts stand in README.md. */
export const onetouchUltraMini: SerialDriver = {
  id: "onetouch-ultramini",
  maker: "LifeScan",
  models: ["OneTouch UltraMini", "OneTouch UltraEasy"],
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
  limits: LIMITS,
  integrity: { check: "crc16", over: "record" },
  probe: PROBE,
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    // One sheet says that such tests are not sent, the other one that no mark for them is known.
    controlSolution: "unknown",
    mealMarker: "absent",
    note: "absent",
    ketone: "absent",
    // Records can be asked for one by one, but in which order they are numbered is not established.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
