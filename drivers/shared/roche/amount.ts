import type { SourceReading } from "../../../src/domain/reading.js";
import { Unfit } from "./unfit.js";

/** Units that the meters print, in the hub's spelling. */
export type GlucoseUnit = "mg/dL" | "mmol/L";

/**
 * What any meter of this maker shows as a number: 10 to 600 mg/dL (sheet a, accuchek-ieee11073: some begin at 20). A
 * number beyond was printed in another unit than it says, or is damage.
 */
const SHOWN: Readonly<Record<GlucoseUnit, { readonly low: number; readonly high: number }>> = {
  "mg/dL": { low: 10, high: 600 },
  "mmol/L": { low: 0.6, high: 33.3 },
};
/**
 * What LO and HI are told as: the bound that holds for every model, since no report says where its meter's lies. Less than
 * 10 is also less than 20; the other way round it might not be so.
 */
const BOUNDS: typeof SHOWN = {
  "mg/dL": { low: 20, high: 600 },
  "mmol/L": { low: 1.1, high: 33.3 },
};
/** At most two decimals: with three it could be a thousand. */
const NUMBER = /^\d{1,3}(?:[.,]\d{1,2})?$/;

/** The unit as printed, in any case; null if it is none that is known. */
export function unitOf(printed: string): GlucoseUnit | null {
  return (["mg/dL", "mmol/L"] as const).find((unit) => unit.toLowerCase() === printed.trim().toLowerCase()) ?? null;
}

/** A result and its unit as printed, as what they mean. Throws Unfit if they are none that such a meter shows. */
export function readAmount(
  printed: string,
  printedUnit: string,
): Pick<SourceReading, "value" | "unit" | "outOfRange" | "asSent"> {
  const result = printed.trim();
  const unit = unitOf(printedUnit);
  if (unit === null) throw new Unfit(`glucose in ${JSON.stringify(printedUnit)} is not read`);
  const asSent = `${result} ${printedUnit.trim()}`;
  const word = result.toUpperCase();
  if (word === "LO") return { value: BOUNDS[unit].low, unit, outOfRange: "low", asSent };
  if (word === "HI") return { value: BOUNDS[unit].high, unit, outOfRange: "high", asSent };
  if (!NUMBER.test(result)) throw new Unfit(`its result ${JSON.stringify(result)} is no number`);
  const value = Number(result.replace(",", "."));
  if (value < SHOWN[unit].low || value > SHOWN[unit].high) {
    throw new Unfit(`no meter of this maker shows ${result} ${unit} as a number`);
  }
  return { value, unit, outOfRange: null, asSent };
}
