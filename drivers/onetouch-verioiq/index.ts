import type { SerialDriver } from "../../src/kit/driver.js";
import { LIMITS } from "../shared/lifescan/glucose.js";
import { blank } from "./blank.js";
import { PROBE, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** LifeScan OneTouch VerioIQ: binary frames over a serial chip inside the meter. Facts stand in README.md. */
export const onetouchVerioIq: SerialDriver = {
  id: "onetouch-verioiq",
  maker: "LifeScan",
  models: ["OneTouch VerioIQ"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 38_400, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [{ vendorId: "10c4", productId: "85a7", ambiguous: false, source: "CP210x in the meter: sheets a and b" }],
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
    controlSolution: "yes",
    mealMarker: "yes",
    // Two bytes of a record are unknown; where they are not zero the driver says so in the note.
    note: "unknown",
    ketone: "absent",
    // Records can be asked for one by one, but in which order they are numbered is not established.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
