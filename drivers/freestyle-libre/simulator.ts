import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { type SimulatedLibreFacts, simulatedLibre } from "../shared/abbott-hid/libre/simulated-libre.js";

const FACTS: SimulatedLibreFacts = {
  usb: { vendorId: "1a61", productId: "3650", ambiguous: false, source: "both sheets" },
  version: "2.3.0",
  layout: "libre",
};

/** A FreeStyle Libre reader as its protocol describes it. See the shared `simulatedLibre`. */
export function simulate(options: SimulatorOptions): HidSimulator {
  return simulatedLibre(options, FACTS);
}
