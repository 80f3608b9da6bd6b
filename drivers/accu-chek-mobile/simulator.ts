import type { SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { type MemoryTraits, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";

const TRAITS: MemoryTraits = {
  // Two thousand tests, by the maker's own words.
  capacity: 2_000,
  low: 20,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: true,
  ketone: false,
};
const NAMES = "Date;Time;Result;Unit;Temperature warning;Out of target range;Other;Before meal;After meal;Control test";

/** What an invented report holds, and its text. */
export interface SampleReport {
  readonly serial: string;
  readonly text: string;
  readonly readings: readonly SimulatedReading[];
}

/** An invented report, its tests decided by the seed. Written from the format's facts, not from the driver. */
export function sampleReport(options: SimulatorOptions): SampleReport {
  const serial = simulatedSerial(options.seed, "NNNNNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const unit = options.unit ?? "mg/dL";
  const [day, time] = printed(memory.clock());
  const tests = memory.tests();
  const rows = tests.map((test) => {
    const [date, minute] = printed(test.deviceTime);
    const marks = ["", "", "", test.meal === "before" ? "X" : "", test.meal === "after" ? "X" : ""];
    return [date, minute, result(test, unit), unit.toLowerCase(), ...marks, test.control ? "X" : ""].join(";");
  });
  const lines = ["Accu-Chek Mobile", `${serial};${day};${time};;;;;;;`, `${NAMES}${" ".repeat(197)}`, ...rows, ""];
  return { serial, text: lines.join("\r\n"), readings: tests.map((test) => asRead(test, unit)) };
}

function printed(wall: string): [string, string] {
  return [`${wall.slice(8, 10)}.${wall.slice(5, 7)}.${wall.slice(0, 4)}`, wall.slice(11, 16)];
}

function result({ amount }: SimulatedTest, unit: "mg/dL" | "mmol/L"): string {
  if (amount < TRAITS.low) return "LO";
  if (amount > TRAITS.high) return "HI";
  return unit === "mg/dL" ? String(amount) : (amount / 18.0156).toFixed(1);
}

function asRead(test: SimulatedTest, unit: "mg/dL" | "mmol/L"): SimulatedReading {
  const { deviceTime, control, meal } = test;
  const shown = result(test, unit);
  const bounds = unit === "mg/dL" ? { LO: 20, HI: 600 } : { LO: 1.1, HI: 33.3 };
  const outOfRange = shown === "LO" ? "low" : shown === "HI" ? "high" : null;
  const value = shown === "LO" || shown === "HI" ? bounds[shown] : Number(shown);
  return { deviceTime, kind: "glucose", value, unit, outOfRange, control, meal };
}
