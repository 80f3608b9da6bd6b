import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { simulatedAbbott } from "../shared/abbott-text/simulated-meter.js";

/**
 * A Precision Xtra as its protocol describes it, on Abbott's own cable. The word by which a mg/dL model names its unit is
 * not known: this one says MGDL. Nor is what an empty memory looks like: this one counts 000.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const unit = options.unit === "mmol/L" ? "MMOL" : "MGDL";
  return simulatedAbbott(options, {
    usb: { vendorId: "1a61", productId: "3420", ambiguous: false, source: "the cable that both sheets name" },
    serialShape: "AAAANNN-ANNNN",
    version: "1.07",
    ketone: true,
    dumpWord: "$xmem",
    gap: "",
    emptyWords: null,
    write: ({ kind, amount }) =>
      kind === "ketone"
        ? { amount: String(Math.floor((amount * 18) / 10)).padStart(3, "0"), mark: "K" }
        : { amount: amount < 20 ? "LO " : amount > 500 ? "HI " : String(amount).padStart(3, "0"), mark: "G" },
    ownWord: "$colq",
    ownAnswer: ({ serial, clock, count }) =>
      [
        `S/N:\t${serial}`,
        `Ver:\t1.07\t${unit}`,
        `Clock:\t${SHORT_MONTHS[Number(clock.slice(5, 7)) - 1]}  ${clock.slice(8, 10)} ${clock.slice(0, 4)}\t${clock.slice(11)}`,
        "Market:\t2\t7",
        "ROM:\t8\t6\t5\t3",
        `Usage:\t${count}`,
        "CMD OK",
      ]
        .map((line) => `${line}\r\n`)
        .join(""),
  });
}

/** Here June and July have three letters, too. */
const SHORT_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
