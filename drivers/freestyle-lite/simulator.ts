import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { simulatedAbbott } from "../shared/abbott-text/simulated-meter.js";

/**
 * A FreeStyle Lite as its protocol describes it, on a third-party cable. Where its two unknown digits stand, it sends
 * one of two that the sheets' samples show.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  return simulatedAbbott(options, {
    usb: { vendorId: "0403", productId: "6001", ambiguous: true, source: "the cable that both sheets name" },
    serialShape: "DAANNNN-ANNNN",
    version: "1.43  -P",
    ketone: false,
    dumpWord: "$mem",
    gap: "\n",
    emptyWords: "Log Empty END",
    write: ({ amount }) => ({
      amount: amount < 20 ? "LO " : amount > 500 ? "HI " : String(amount).padStart(3, "0"),
      mark: amount % 2 === 0 ? "17" : "01",
    }),
  });
}
