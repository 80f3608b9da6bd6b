import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { simulateBehindCp2110 } from "../shared/cp2110/simulated.js";
import { simulate as simulateFramed } from "../shared/isens/simulated.js";

/** A CareSens of protocol 3 on the maker's cable: 9600 baud behind a CP2110. */
export function simulate(options: SimulatorOptions): HidSimulator {
  const usb = { vendorId: "10c4", productId: "8a32", ambiguous: false, source: "the cable that sheet a names" };
  return simulateBehindCp2110(simulateFramed(options), { baudRate: 9_600, usb });
}
