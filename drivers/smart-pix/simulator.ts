import type { SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { type MemoryTraits, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";

const TRAITS: MemoryTraits = {
  capacity: 500,
  low: 20,
  high: 600,
  seconds: false,
  meals: [],
  control: true,
  ketone: false,
};

/** What an invented report holds, and its text. */
export interface SampleXml {
  readonly serial: string;
  readonly text: string;
  readonly readings: readonly SimulatedReading[];
}

/** An invented report of a reader, its tests decided by the seed. Written from the format's facts, not from the driver. */
export function sampleXml(options: SimulatorOptions): SampleXml {
  const serial = simulatedSerial(options.seed, "NNNNNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const unit = options.unit ?? "mg/dL";
  const clock = memory.clock();
  const tests = memory.tests();
  const device = `<DEVICE SN="${serial}" Name="Aviva" BGUnit="${unit}" CarbUnit="g" ${stamp(clock)} />`;
  const rows = tests.map(
    (test) => `  <BG Val="${shownOf(test, unit)}" ${stamp(test.deviceTime)}${test.control ? ' Ctrl="1"' : ""} />\r\n`,
  );
  const text =
    `<?xml version="1.0" encoding="ISO-8859-1"?>\r\n<IMPORT>\r\n ${device}\r\n` +
    ` <BGDATA>\r\n${rows.join("")} </BGDATA>\r\n</IMPORT>\r\n`;
  return { serial, text, readings: tests.map((test) => asRead(test, unit)) };
}

function stamp(wall: string): string {
  return `Dt="${wall.slice(0, 10)}" Tm="${wall.slice(11, 16)}"`;
}

function shownOf({ amount }: SimulatedTest, unit: "mg/dL" | "mmol/L"): string {
  if (amount < TRAITS.low) return "LO";
  if (amount > TRAITS.high) return "HI";
  return unit === "mg/dL" ? String(amount) : (amount / 18.0156).toFixed(1);
}

function asRead(test: SimulatedTest, unit: "mg/dL" | "mmol/L"): SimulatedReading {
  const { deviceTime, control } = test;
  const shown = shownOf(test, unit);
  const bounds = unit === "mg/dL" ? { LO: 20, HI: 600 } : { LO: 1.1, HI: 33.3 };
  const outOfRange = shown === "LO" ? "low" : shown === "HI" ? "high" : null;
  const value = shown === "LO" || shown === "HI" ? bounds[shown] : Number(shown);
  return { deviceTime, kind: "glucose", value, unit, outOfRange, control, meal: null };
}
