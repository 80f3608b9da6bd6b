import type { HidDriver, UsbMatch } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { PROBE_MS } from "./opening.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Ascensia Contour meters with a USB plug: ASTM frames in HID reports. Facts and their sources stand in README.md. */
export const contourNext: HidDriver = {
  id: "contour-next",
  maker: "Ascensia",
  models: [
    "Contour USB",
    "Contour Next",
    "Contour Next USB",
    "Contour Next Link",
    "Contour Next Link 2.4",
    "Contour Next One",
    "Contour Plus One",
    "Contour Plus Blue",
  ],
  source: "meter",
  kinds: ["glucose", "insulin", "carbs"],
  evidence: "capture",
  transport: "hid",
  usb: [
    known("6002", "Contour USB: both sheets"),
    known("6200", "Contour Next Link: sheet a"),
    known("6210", "Contour Next Link 2.4: both sheets"),
    known("6300", "Contour Next Link, mmol/L: sheet a"),
    known("7350", "Contour Next: sheet a"),
    known("7410", "Contour Next USB: both sheets"),
    known("7800", "Contour Next One, Plus One: sheet a"),
    known("7900", "Contour Next by Ascensia: sheet a"),
    known("7950", "Contour Plus Blue: sheet a"),
  ],
  units: "from-meter",
  // The header says them, where it says anything.
  limits: null,
  integrity: { check: "sum8", over: "record" },
  probe: { rank: 20, withinMs: PROBE_MS },
  capabilities: {
    readings: "yes",
    unit: "yes",
    clockRead: "yes",
    clockSet: "yes",
    serialNumber: "yes",
    controlSolution: "yes",
    mealMarker: "yes",
    note: "yes",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock,
  blank,
  simulate,
};

/** The maker's own vendor number: nobody else uses it. */
function known(productId: string, source: string): UsbMatch {
  return { vendorId: "1a79", productId, ambiguous: false, source };
}
