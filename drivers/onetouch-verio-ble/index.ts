import type { BleDriver } from "../../src/kit/driver.js";
import { LIMITS } from "../shared/lifescan/glucose.js";
import { blank } from "./blank.js";
import { SERVICE } from "./link.js";
import { PROBE, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

const BOTH = "sheets a and b";

/** LifeScan OneTouch meters that are asked over Bluetooth through a service of their maker's. Facts stand in README.md. */
export const onetouchVerioBle: BleDriver = {
  id: "onetouch-verio-ble",
  maker: "LifeScan",
  models: ["OneTouch Verio Flex", "OneTouch Verio Reflect", "OneTouch Select Plus Flex", "OneTouch Ultra Plus Flex"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "ble",
  usb: [],
  ble: [
    { service: SERVICE, namePrefix: null, source: `the service: ${BOTH}` },
    { service: null, namePrefix: "OneTouch", source: `the advertised name: ${BOTH}` },
  ],
  otherLinks: ["onetouch-verio"],
  units: "mg/dL",
  limits: LIMITS,
  integrity: { check: "crc16", over: "record" },
  probe: PROBE,
  capabilities: {
    readings: "yes",
    // The display's unit is not among the words that the sheets have for this link.
    unit: "unknown",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    // Somewhere in the last four bytes of a record, perhaps: nobody has described them with certainty.
    mealMarker: "unknown",
    note: "unknown",
    ketone: "absent",
    incremental: "yes",
  },
  session,
  setClock,
  blank,
  simulate,
};
