import type { HidDriver } from "../../src/kit/driver.js";
import { PROBE_MS } from "../shared/isens/greet.js";
import { limits } from "../shared/isens/record.js";
import { MAKER } from "../shared/isens/session.js";
import { blank } from "./blank.js";
import { session, setClock } from "./session.js";
import { simulate } from "./simulator.js";

/** Glucocard Shine Connex and Express on their own USB socket. Facts and their sources stand in README.md. */
export const glucocardShineHid: HidDriver = {
  id: "glucocard-shine-hid",
  maker: MAKER,
  models: ["Glucocard Shine Connex", "Glucocard Shine Express"],
  source: "meter",
  kinds: ["glucose", "ketone"],
  evidence: "specification",
  transport: "hid",
  usb: [{ vendorId: "0483", productId: "a18b", ambiguous: false, source: "sheet a" }],
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
    // The protocol has a mark for it; whether these two models take such strips is not said.
    ketone: "unknown",
    // Records have numbers, but nobody says whether a number stays the same.
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
