import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { asReading, simulatedMemory } from "../../src/kit/simulated.js";
import { simulatedReader } from "../shared/abbott-hid/simulated-reader.js";
import { type NumberedChange, type NumberedTest, numberedMemory } from "../shared/abbott-hid/simulated-store.js";

/** How many tests it holds is in neither sheet: a thousand here. */
const TRAITS = { capacity: 1_000, low: 20, high: 500, seconds: false, meals: [], control: true, ketone: true } as const;

/** A Precision Neo as its protocol describes it: it logs glucose, ketone and settings of its clock under one counter. */
export function simulate(options: SimulatorOptions): HidSimulator {
  const memory = simulatedMemory(options, TRAITS);
  const numbered = numberedMemory(memory, 1, false);
  return simulatedReader(options, {
    usb: { vendorId: "1a61", productId: "3850", ambiguous: false, source: "both sheets" },
    serialShape: "AAAANNN-ANNNN",
    version: "1.07 Mar 03 2016",
    serialWord: "$serlnum?",
    unitWord: "$gunits?",
    memory,
    store: {
      ...numbered,
      memory: () => numbered.tests().map((test) => asReading(test, TRAITS)),
      log(word) {
        if (word !== "$result?") return null;
        const lines: [number, string][] = [
          ...numbered.tests().map((test): [number, string] => [test.number, testLine(test)]),
          ...numbered.changes().map((change): [number, string] => [change.number, changeLine(change)]),
        ];
        return lines.sort((a, b) => b[0] - a[0]).map(([, line]) => line);
      },
    },
  });
}

function testLine({ kind, number, deviceTime, amount, control }: NumberedTest): string {
  const mark = control ? 0 : 1;
  if (kind === "ketone") return `9,${number},${moment(deviceTime)},1,${Math.floor((amount * 18) / 10)},${mark},0`;
  const value = amount < 20 ? "LO" : amount > 500 ? "HI" : String(amount);
  return `7,${number},${moment(deviceTime)},1,${value},0,${mark},0,0,0,0,0,0,0,0`;
}

function changeLine({ number, from, to }: NumberedChange): string {
  return `6,${number},${moment(to)},1,${moment(from)}`;
}

/** Month, day, year, hour and minute without leading zeros. */
function moment(wall: string): string {
  const [year = 0, month, day, hour, minute] = wall.split(/\D/).map(Number);
  return [month, day, year - 2000, hour, minute].join();
}
