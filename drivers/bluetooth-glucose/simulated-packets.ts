import type { Meal } from "../../src/domain/record.js";
import type { SimulatedTest } from "../../src/kit/simulated.js";
import { dateOf, type Make } from "./simulated-make.js";

/** A test on the air: its measurement, and its context where it has one. */
export interface Packets {
  readonly measurement: readonly number[];
  readonly context: readonly number[] | null;
}

/** Codes of meals; 6 stands for ketone on meters of i-SENS. */
const MEALS: Readonly<Record<Meal, number>> = { before: 1, after: 2, fasting: 3, casual: 4, bedtime: 5 };
const KETONE = 6;
const INFINITY = { high: 0x07fe, low: 0x0802 } as const;
const STATUS = { high: 0x20, low: 0x40 } as const;
/** Exponents: mg/dL are 10^-5 kg/L, tenths of mmol/L 10^-4 mol/L; four bits, signed. */
const EXPONENT = { "mg/dL": 0xb, "mmol/L": 0xc } as const;

/** The packets of a test. Glucose is whole mg/dL or tenths of mmol/L; ketone is tenths of mmol/L in the place of mg/dL. */
export function packetsOf(test: SimulatedTest, sequence: number, make: Make, displayed: "mg/dL" | "mmol/L"): Packets {
  const { kind, amount, control, meal, deviceTime } = test;
  const { traits, beyond, offsetMinutes } = make;
  const unit = kind === "ketone" ? "mg/dL" : displayed;
  const side = kind === "ketone" ? null : amount < traits.low ? "low" : amount > traits.high ? "high" : null;
  // In mmol/L a number at the edge might be rounded to the other side of it.
  const number =
    unit === "mg/dL" ? amount : side === "high" ? 334 : side === "low" ? 10 : Math.round((amount * 10) / 18);
  const word = side !== null && beyond === "infinite" ? INFINITY[side] : number + EXPONENT[unit] * 0x1000;
  const code = kind === "ketone" ? KETONE : meal === null ? null : MEALS[meal];
  const status = side === null || beyond === "plain" ? 0 : STATUS[side];
  const flags =
    0x02 +
    (offsetMinutes === null ? 0 : 0x01) +
    (unit === "mmol/L" ? 0x04 : 0) +
    (make.hasStatus ? 0x08 : 0) +
    (code === null ? 0 : 0x10);
  const base = new Date(Date.parse(`${deviceTime}Z`) - (offsetMinutes ?? 0) * 60_000).toISOString().slice(0, 19);
  const measurement = [
    flags,
    ...two(sequence),
    ...dateOf(base),
    ...(offsetMinutes === null ? [] : two(offsetMinutes)),
    ...two(word),
    control ? make.control : make.blood,
    ...(make.hasStatus ? two(status) : []),
  ];
  return { measurement, context: code === null ? null : [0x02, ...two(sequence), code] };
}

function two(word: number): number[] {
  const unsigned = word < 0 ? word + 0x10000 : word;
  return [unsigned % 256, Math.floor(unsigned / 256)];
}
