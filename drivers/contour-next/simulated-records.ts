import type { SimulatedReading } from "../../src/kit/driver.js";
import type { SimulatedTest } from "../../src/kit/simulated.js";

/**
 * Displays show 20 to 600 mg/dL, or 1.1 to 33.3 mmol/L. No sheet says how much a memory holds; a captured header announces
 * 1,714 records.
 */
export const TRAITS = {
  capacity: 2_000,
  low: 20,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: true,
  ketone: false,
} as const;
/** Glucose: milligrams a decilitre of one millimole a litre. */
const MG_DL_OF_MMOL_L = 18.016;
/** What models differ in. */
export interface SimulatedModel {
  readonly product: string;
  readonly productId: string;
  readonly serial: string;
  /** Falls silent for good when it hears EOT, and says none itself. */
  readonly shunsEot: boolean;
  /** Stamps have seconds. */
  readonly seconds: boolean;
  /** Its clock is the pump's: it declines dates. */
  readonly pumpOwned: boolean;
  /** People can type insulin and carbohydrates into it. */
  readonly logbook: boolean;
}

const PLAIN = { shunsEot: false, seconds: false, pumpOwned: false, logbook: false };
const NEXT_USB = { ...PLAIN, product: "Bayer7410", productId: "7410", serial: "7410-NNNNNNN", logbook: true };
const OTHERS: readonly SimulatedModel[] = [
  { ...PLAIN, product: "Contour7800", productId: "7800", serial: "7830HNNNNNNN", shunsEot: true },
  { ...PLAIN, product: "Bayer6210", productId: "6210", serial: "6213-NNNNNNN", seconds: true, pumpOwned: true },
];

/** Which model it is, the seed decides: a Next USB, a Next One or a Next Link 2.4. */
export function modelOfSeed(seed: number): SimulatedModel {
  return OTHERS[(Math.abs(seed) % 3) - 1] ?? NEXT_USB;
}

/** A test as the meter puts it on the wire; on some models a few of them are entries that somebody typed instead. */
export function asSent(test: SimulatedTest, unit: "mg/dL" | "mmol/L", logbook: boolean): SimulatedReading {
  const { deviceTime, amount, control, meal } = test;
  const minute = Number(deviceTime.slice(15, 16));
  const typed = (kind: "insulin" | "carbs", value: number, its: string): SimulatedReading => {
    return { deviceTime, kind, value, unit: its, outOfRange: null, control: false, meal: null };
  };
  if (logbook && minute === 3) return typed("insulin", (amount % 200) / 10, "U");
  if (logbook && minute === 7) return typed("carbs", amount % 100, "g");
  const outOfRange = amount < TRAITS.low ? "low" : amount > TRAITS.high ? "high" : null;
  const within = Math.min(TRAITS.high, Math.max(TRAITS.low, amount));
  const bounds = { low: 1.1, high: 33.3 };
  const value =
    unit === "mg/dL"
      ? within
      : outOfRange === null
        ? Math.round((within / MG_DL_OF_MMOL_L) * 10) / 10
        : bounds[outOfRange];
  return { deviceTime, kind: "glucose", value, unit, outOfRange, control, meal };
}

/** A record of a dump as the meter writes it. */
export function record(number: number, reading: SimulatedReading, seconds: boolean): string {
  const { deviceTime, kind, value, unit, outOfRange, control, meal } = reading;
  const stamp = digits(deviceTime, seconds);
  if (kind === "insulin") return `R|${number}|^^^Insulin|${Math.round(value * 10)}|1^||||${stamp}`;
  if (kind === "carbs") return `R|${number}|^^^Carb|${value}|1^||||${stamp}`;
  const marks = [
    ...(outOfRange === null ? [] : [outOfRange === "low" ? "<" : ">"]),
    ...(meal === null ? [] : [meal === "before" ? "B" : "A"]),
    ...(control ? ["C"] : []),
  ].join("/");
  const sent = unit === "mg/dL" ? String(value) : value.toFixed(1);
  return `R|${number}|^^^Glucose|${sent}|${unit}^P||${marks}||${stamp}`;
}

/** A stamp: 12 digits, or 14 with seconds. */
export function digits(wall: string, seconds: boolean): string {
  return wall.replace(/[-T:]/g, "").slice(0, seconds ? 14 : 12);
}
