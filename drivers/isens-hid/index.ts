import type { HidDriver } from "../../src/kit/driver.js";
import { PROBE_MS } from "../shared/isens/greet.js";
import { limits } from "../shared/isens/record.js";
import { MAKER } from "../shared/isens/session.js";
import { blank } from "./blank.js";
import { CABLE } from "./link.js";
import { session, setClock } from "./session.js";
import { simulate } from "./simulator.js";

/** i-SENS CareSens over the maker's HID cable, protocols 1 and 3. Facts and their sources stand in README.md. */
export const isensHid: HidDriver = {
  id: "isens-hid",
  maker: MAKER,
  models: ["CareSens N"],
  source: "meter",
  kinds: ["glucose", "ketone"],
  evidence: "specification",
  transport: "hid",
  usb: [CABLE],
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
