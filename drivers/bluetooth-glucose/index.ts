import type { BleDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Meters with Bluetooth's Glucose Profile. Facts and their sources stand in README.md. */
export const bluetoothGlucose: BleDriver = {
  id: "bluetooth-glucose",
  maker: "Several",
  models: [
    "Accu-Chek Guide",
    "Accu-Chek Instant",
    "Accu-Chek Aviva Connect",
    "Accu-Chek Performa Connect",
    "ReliOn Platinum",
    "Contour Next One",
    "Contour Plus One",
    "CareSens N Premier",
    "CareSens N Plus Bluetooth",
    "CareSens Dual",
    "ReliOn Premier BLU",
    "Fora TN'G Voice",
    "TaiDoc Diamond Mini",
    "True Metrix Air",
  ],
  source: "meter",
  kinds: ["glucose", "ketone", "carbs"],
  // Roche's, of which the serial number is known to be the same over USB (sheet a); of others nobody has said so.
  otherLinks: ["accu-chek"],
  evidence: "capture",
  transport: "ble",
  ble: [
    { service: "1808", namePrefix: null, source: "both sheets: advertised by every meter of the profile" },
    { service: null, namePrefix: "meter+", source: "both sheets: Roche" },
    { service: null, namePrefix: "CareSens", source: "both sheets: i-SENS" },
    { service: null, namePrefix: "ReliOn 2395", source: "both sheets: i-SENS" },
    { service: null, namePrefix: "ReliOn 0015", source: "both sheets: i-SENS" },
    { service: null, namePrefix: "TNG VOICE", source: "both sheets: Fora" },
  ],
  usb: [],
  units: "from-meter",
  // They differ from meter to meter, and none says its own; rows.ts has what LO and HI are told as.
  limits: null,
  integrity: { check: "link", over: "record" },
  probe: { rank: 20, withinMs: 35_000 },
  capabilities: {
    readings: "yes",
    // Each record says its own; what the display shows is not told.
    unit: "absent",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "yes",
    ketone: "yes",
    incremental: "yes",
  },
  session,
  setClock,
  blank,
  simulate,
};
