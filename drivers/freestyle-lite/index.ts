import type { SerialDriver } from "../../src/kit/driver.js";
import { GLUCOSE_LIMITS } from "../shared/abbott-text/record.js";
import { blank } from "./blank.js";
import { PROBE_WITHIN_MS, session, setClock } from "./session.js";
import { simulate } from "./simulator.js";

/** Abbott FreeStyle Lite and Freedom Lite: text lines over a 2.5 mm cable. Facts and their sources stand in README.md. */
export const freestyleLite: SerialDriver = {
  id: "freestyle-lite",
  maker: "Abbott",
  models: ["FreeStyle Lite", "FreeStyle Freedom Lite"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 19_200, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    { vendorId: "1a61", productId: "3410", ambiguous: false, source: "Abbott's own cable, TI TUSB3410: sheet a" },
    { vendorId: "0403", productId: "6001", ambiguous: true, source: "FTDI FT232R: sheets a and b" },
  ],
  units: "mg/dL",
  limits: GLUCOSE_LIMITS,
  integrity: { check: "sum16", over: "dump" },
  probe: { rank: 30, withinMs: PROBE_WITHIN_MS },
  capabilities: {
    readings: "yes",
    unit: "absent",
    clockRead: "yes",
    // Sheet a sets it and sheet b knows no such word: it is said, and believed only when read back.
    clockSet: "unknown",
    serialNumber: "yes",
    controlSolution: "yes",
    // Two digits of each record are not understood.
    mealMarker: "unknown",
    note: "absent",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};
