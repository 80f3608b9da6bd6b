import type { BlockDriver } from "../../src/kit/driver.js";
import { LIMITS } from "../shared/lifescan/glucose.js";
import { blank } from "./blank.js";
import { PROBE, session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

const A = "sheet a";
const B = "sheet b";
const BOTH = "sheets a and b";

/** LifeScan OneTouch meters that show themselves as a disk and are asked through its blocks. Facts stand in README.md. */
export const onetouchVerio: BlockDriver = {
  id: "onetouch-verio",
  maker: "LifeScan",
  models: [
    "OneTouch Verio",
    "OneTouch Verio Flex",
    "OneTouch Verio Reflect",
    "OneTouch Select Plus",
    "OneTouch Select Plus Flex",
    "OneTouch Ultra Plus Flex",
  ],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "block",
  inquiryVendor: "LifeScan",
  usb: [
    { vendorId: "2766", productId: "0000", ambiguous: false, source: `Verio: ${BOTH}` },
    { vendorId: "2766", productId: "0004", ambiguous: false, source: `Verio Flex: ${A}` },
    { vendorId: "2766", productId: "000c", ambiguous: false, source: `Verio Reflect: ${A}` },
    { vendorId: "2766", productId: "000e", ambiguous: false, source: `Ultra Plus Flex: ${A}` },
    { vendorId: "2766", productId: "1000", ambiguous: false, source: `Select Plus: ${B}` },
    { vendorId: "2766", productId: "1004", ambiguous: false, source: `Select Plus Flex: ${BOTH}` },
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
    controlSolution: "yes",
    // On the Select Plus only; the others send 0.
    mealMarker: "yes",
    // A byte of flags in a record is unknown; where it is set the driver says so in the note.
    note: "unknown",
    ketone: "absent",
    // Record 0 is the newest by sheet b alone; the session does not rely on it.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
