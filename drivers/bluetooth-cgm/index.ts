import type { BleDriver } from "../../src/kit/driver.js";
import { SERVICE } from "../shared/gatt/names.js";
import { blank } from "./blank.js";
import { PROBE, session } from "./session.js";
import { simulate } from "./simulator.js";

/** Sensors of glucose that have Bluetooth's own CGM Service. Facts stand in README.md. */
export const bluetoothCgm: BleDriver = {
  id: "bluetooth-cgm",
  maker: "Several",
  models: ["CGM sensors with the Bluetooth CGM Profile"],
  source: "cgm",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "ble",
  usb: [],
  ble: [{ service: SERVICE.cgm, namePrefix: null, source: "Bluetooth assigned numbers" }],
  units: "mg/dL",
  // The service has no bounds; LO and HI are told by marks.
  limits: null,
  // Many sensors have a check of their own besides, which is demanded where they say so.
  integrity: { check: "link", over: "record" },
  probe: PROBE,
  capabilities: {
    readings: "yes",
    unit: "absent",
    clockRead: "yes",
    // A session's start can be written, which moves every record: that is for the sensor's own app.
    clockSet: "absent",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "absent",
    note: "yes",
    ketone: "absent",
    incremental: "yes",
  },
  session,
  setClock: null,
  blank,
  simulate,
};
