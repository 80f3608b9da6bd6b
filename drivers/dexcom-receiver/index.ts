import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Dexcom G4, G5 and G6 receivers: binary packets over their own USB connection. Facts and sources stand in README.md. */
export const dexcomReceiver: SerialDriver = {
  id: "dexcom-receiver",
  maker: "Dexcom",
  models: ["G4 Receiver", "G5 Receiver", "G5 Touchscreen Receiver", "G6 Receiver"],
  source: "cgm",
  kinds: ["glucose", "carbs", "insulin", "note"],
  evidence: "specification",
  transport: "serial",
  // The receiver is its own USB device: the rate means nothing (sheet a); this is what sheet b's program sets.
  settings: { baudRate: 115_200, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [{ vendorId: "22a3", productId: "0047", ambiguous: false, source: "Dexcom's own: sheets a and b" }],
  units: "mg/dL",
  limits,
  integrity: { check: "crc16", over: "record" },
  probe: { rank: 10, withinMs: 1_000 },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "absent",
    mealMarker: "absent",
    note: "yes",
    ketone: "absent",
    // Pages can be asked for by number. This driver reads them all, so nothing is established.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
