import type { SerialDriver } from "../../src/kit/driver.js";
import { blank } from "./blank.js";
import { PROBE_MS } from "./opening.js";
import { session } from "./session.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

/** Ascensia Contour with a cable: ASTM frames over a serial line. Facts and their sources stand in README.md. */
export const contourSerial: SerialDriver = {
  id: "contour-serial",
  maker: "Ascensia",
  models: ["Contour", "Contour Next EZ", "Contour Plus", "Breeze"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "serial",
  settings: { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 },
  usb: [
    {
      vendorId: "1a79",
      productId: "6001",
      ambiguous: false,
      source: "the maker's cable, an FTDI chip inside: sheet a",
    },
    { vendorId: "0403", productId: "6001", ambiguous: true, source: "FTDI FT232R: sheet a" },
  ],
  units: "from-meter",
  // The header says them, where it says anything.
  limits: null,
  integrity: { check: "sum8", over: "record" },
  probe: { rank: 10, withinMs: PROBE_MS },
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
