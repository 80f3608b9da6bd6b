import type { HidSimulator, SimulatedReading, SimulatorOptions, UsbMatch } from "../../../../src/kit/driver.js";
import { simulatedMemory } from "../../../../src/kit/simulated.js";
import { simulatedReader } from "../simulated-reader.js";
import { type NumberedChange, type NumberedTest, numberedMemory } from "../simulated-store.js";

/** What one reader's simulated meter differs in. */
export interface SimulatedLibreFacts {
  readonly usb: UsbMatch;
  readonly version: string;
  readonly layout: "libre" | "libre-2" | "libre-3";
}

/** Ninety days of a value every quarter of an hour, and as many events again as a person makes. */
const TRAITS = {
  capacity: 10_000,
  low: 40,
  high: 500,
  seconds: true,
  meals: [],
  control: false,
  ketone: true,
} as const;
/** The first number in its log. */
const FIRST = 1_200;

type What = "history" | "scan" | "strip" | "ketone" | "rapid" | "food";

/**
 * A reader as its protocol describes it. Of twenty tests, about thirteen are the sensor's own values, the others scans, strips,
 * and insulin and food that were entered with a scan that failed: so each is one reading for the hub.
 */
export function simulatedLibre(options: SimulatorOptions, facts: SimulatedLibreFacts): HidSimulator {
  const memory = simulatedMemory(options, TRAITS);
  const numbered = numberedMemory(memory, FIRST, true);
  const events = (): NumberedTest[] => numbered.tests().filter((test) => whatOf(test) !== "history");
  const history = (): NumberedTest[] => numbered.tests().filter((test) => whatOf(test) === "history");
  return simulatedReader(options, {
    usb: facts.usb,
    serialShape: "AAAANNN-ANNNN",
    version: facts.version,
    serialWord: "$sn?",
    unitWord: "$uom?",
    memory,
    store: {
      ...numbered,
      memory: () => [...events(), ...history()].map(asHubHasIt),
      log(word) {
        if (word === "$history?") return history().map((test) => historyLine(test, facts.layout));
        if (word !== "$arresult?") return null;
        const lines: [number, string][] = [
          ...events().map((test): [number, string] => [test.number, eventLine(test, facts.layout)]),
          ...numbered.changes().map((change): [number, string] => [change.number, changeLine(change)]),
        ];
        return lines.sort((a, b) => b[0] - a[0]).map(([, line]) => line);
      },
    },
  });
}

function whatOf({ kind, number }: NumberedTest): What {
  if (kind === "ketone") return "ketone";
  const lot = (number * 7) % 20;
  if (lot < 13) return "history";
  return lot < 16 ? "scan" : lot < 18 ? "strip" : lot < 19 ? "rapid" : "food";
}

/** Insulin in half units and food in grams, made of the amount that a glucose test would have had. */
function halvesOf(amount: number): number {
  return 1 + (amount % 24);
}

function gramsOf(amount: number): number {
  return 5 + (amount % 90);
}

function asHubHasIt(test: NumberedTest): SimulatedReading {
  const { deviceTime, amount } = test;
  const rest = { outOfRange: null, control: false, meal: null } as const;
  switch (whatOf(test)) {
    case "ketone":
      return { deviceTime, kind: "ketone", value: amount / 10, unit: "mmol/L", ...rest };
    case "rapid":
      return { deviceTime, kind: "insulin", value: halvesOf(amount) / 2, unit: "U", ...rest };
    case "food":
      return { deviceTime, kind: "carbs", value: gramsOf(amount), unit: "g", ...rest };
    default: {
      const low = whatOf(test) === "strip" ? 20 : TRAITS.low;
      const outOfRange = amount < low ? "low" : amount > TRAITS.high ? "high" : null;
      const value = Math.min(TRAITS.high, Math.max(low, amount));
      return { deviceTime, kind: "glucose", value, unit: "mg/dL", ...rest, outOfRange };
    }
  }
}

function historyLine({ number, deviceTime, amount }: NumberedTest, layout: SimulatedLibreFacts["layout"]): string {
  const zeros = layout === "libre-3" ? "0,0,0" : "0,0,0,0";
  return `${number},12,${moment(deviceTime)},1,${zeros},${amount},${(number * 15) % 20_000},0`;
}

function eventLine(test: NumberedTest, layout: SimulatedLibreFacts["layout"]): string {
  const { number, deviceTime, amount } = test;
  const what = whatOf(test);
  const failed = what === "rapid" || what === "food";
  const value = failed ? 0 : what === "ketone" ? Math.floor((amount * 18) / 10) : amount;
  const low = what === "scan" ? amount < TRAITS.low : what === "strip" && amount < 20;
  const kind = what === "strip" ? 0 : what === "ketone" ? 1 : 2;
  const sensor = kind === 2 ? 1 : 0;
  const [rapid, food] = [what === "rapid" ? 1 : 0, what === "food" ? 1 : 0];
  const grams = what === "food" ? gramsOf(amount) : 0;
  const error = failed ? 32_768 : 0;
  const head = `${number},2,${moment(deviceTime)},1,${kind},0,${low || failed ? 1 : 0},${value},${sensor},${sensor * 3}`;
  const marks = `0,0,${rapid},0`;
  const body =
    layout === "libre-3"
      ? `${rapid},0,3,0,0,${food},${grams},${error},3532`
      : `0,${rapid},0,3,0,0,${food},${grams},0,${error}`;
  const comments =
    layout === "libre" ? ',"Sport","Work","","","",""' : layout === "libre-2" ? `,312,${value},-22,,,,,,` : "";
  const trailer = rapid === 1 ? `,7,${moment(deviceTime)},1,${halvesOf(amount)}` : "";
  return `${head},${marks},${body}${comments}${trailer}`;
}

function changeLine({ number, from, to }: NumberedChange): string {
  return `${number},5,${moment(to)},1,${moment(from)},0,0,0,0,0`;
}

/** Month, day, year, hour, minute and second without leading zeros. */
function moment(wall: string): string {
  const [year = 0, month, day, hour, minute, second] = wall.split(/\D/).map(Number);
  return [month, day, year - 2000, hour, minute, second].join();
}
