import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { asReading, simulatedMemory } from "../../src/kit/simulated.js";
import { simulatedReader } from "../shared/abbott-hid/simulated-reader.js";
import { type NumberedTest, numberedMemory } from "../shared/abbott-hid/simulated-store.js";

/**
 * How many tests it holds is not in the sheet: a thousand here. Nor is how it marks control solution: it logs none here.
 */
const TRAITS = {
  capacity: 1_000,
  low: 20,
  high: 500,
  seconds: false,
  meals: [],
  control: false,
  ketone: false,
} as const;

/** A FreeStyle InsuLinx as its protocol describes it: glucose only, and no known record of its clock being set. */
export function simulate(options: SimulatorOptions): HidSimulator {
  const memory = simulatedMemory(options, TRAITS);
  const numbered = numberedMemory(memory, 1, false);
  return simulatedReader(options, {
    usb: { vendorId: "1a61", productId: "3460", ambiguous: false, source: "sheet b" },
    serialShape: "AAAANNN-ANNNN",
    version: "1.44 Sep 12 2012",
    serialWord: "$serlnum?",
    unitWord: "$gunits?",
    memory,
    store: {
      ...numbered,
      memory: () => numbered.tests().map((test) => asReading(test, TRAITS)),
      log: (word) => (word === "$result?" ? numbered.tests().map(line) : null),
    },
  });
}

/** 0, number, month, day, year, hour, minute, six fields, value, two fields. */
function line({ number, deviceTime, amount }: NumberedTest): string {
  const [year = 0, month, day, hour, minute] = deviceTime.split(/\D/).map(Number);
  const value = amount < 20 ? "LO" : amount > 500 ? "HI" : String(amount);
  return [0, number, month, day, year - 2000, hour, minute, 0, 0, 0, 0, 0, 0, value, 0, 0].join();
}
