import type { HidDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { limits } from "./limits.js";
import { PROBE_MS } from "./question.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Allmedicus AGM-4000, sold as EmbracePRO and GlucoZen.auto: packets through a HID cable. Facts stand in README.md. */
export const embracePro: HidDriver = {
  id: "embrace-pro",
  maker: "Allmedicus",
  models: ["Omnis EmbracePRO", "GlucoZen.auto"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "hid",
  usb: [
    {
      vendorId: "04d8",
      productId: "003f",
      // The chip maker's number for anybody's device: many hobby projects carry it.
      ambiguous: true,
      source: "the LinkDr cable: sheet a",
    },
  ],
  units: "mg/dL",
  limits,
  integrity: { check: "xor", over: "record" },
  probe: { rank: 20, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "unknown",
    clockRead: "absent",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "unknown",
    ketone: "absent",
    incremental: "unknown",
  },
  session,
  setClock,
  blank,
  simulate,
};
