import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { scaled } from "../shared/gatt/sfloat.js";
import type { Measurement } from "./measurement.js";
import { BOUNDS, KETONE_HIGH, PLAUSIBLE, type Row } from "./rows.js";
import { statusPlace } from "./status.js";

/** A value as the hub keeps it. */
export type Amount = Pick<SourceReading, "value" | "unit" | "outOfRange" | "asSent">;
type Concentration = NonNullable<Measurement["concentration"]>;

/** mg/dL in one kg/L, mmol/L in one mol/L, as powers of ten. */
const POWER = { "kg/L": 5, "mol/L": 3 } as const;

/**
 * Glucose as sent, in mg/dL or mmol/L. HI and LO are told by an infinity, by the status, or, of some makers, by a number
 * beyond the display. Throws FRAME_MALFORMED for what is no number, for a number that no meter shows, and where number and
 * status contradict each other.
 */
export function amountOf({ amount, unit: sent }: Concentration, status: number, row: Row): Amount {
  const unit = sent === "kg/L" ? "mg/dL" : "mmol/L";
  const marked = markOf(status);
  const bounds = BOUNDS[unit];
  if (amount.kind === "above" || amount.kind === "below") return infinite(amount.kind, marked, unit, bounds);
  if (amount.kind !== "number") {
    // "Not a number" with a status that says why is HI or LO; a reserved word is nothing that is known.
    if (marked === null || amount.kind === "reserved") throw misfit(`A record's value is ${amount.kind}.`);
    return { value: bounds[marked], unit, outOfRange: marked, asSent: marked === "high" ? "HI" : "LO" };
  }
  const value = scaled(amount, POWER[sent]);
  const asSent = String(value);
  const place = plainPlace(value, unit, row);
  if (place !== null && marked !== null && place !== marked) throw contradiction();
  if (marked !== null && place === null && !isBeyond(value, unit, marked)) throw contradiction();
  const outOfRange = marked ?? place;
  if (outOfRange !== null) return { value: bounds[outOfRange], unit, outOfRange, asSent };
  const { from, below } = PLAUSIBLE[unit];
  if (value < from || value >= below) throw misfit(`No meter shows ${asSent} ${unit} as a number.`);
  return { value, unit, outOfRange: null, asSent };
}

/**
 * Ketone of i-SENS, mmol/L: a tenth of what the glucose field says in mg/dL; above 8.0 the meter shows HI. Throws
 * FRAME_MALFORMED for anything else than whole tenths.
 */
export function ketoneOf({ amount, unit: sent }: Concentration, status: number): Amount {
  const unit = "mmol/L";
  const bounds = { low: 0, high: KETONE_HIGH };
  const marked = markOf(status);
  if (marked === "low" || amount.kind === "below") throw misfit("A record of ketone is marked as too low.");
  if (amount.kind === "above") return infinite(amount.kind, marked, unit, bounds);
  if (amount.kind !== "number") throw misfit(`A record's value is ${amount.kind}.`);
  // Nobody has described how ketone is sent by a meter that is set to mmol/L.
  if (sent !== "kg/L") throw misfit("A record of ketone is in a unit that nobody has described.");
  const tenths = scaled(amount, POWER[sent]);
  const { below } = PLAUSIBLE["mg/dL"];
  if (!Number.isInteger(tenths) || tenths < 0 || tenths >= below) throw misfit("A record of ketone holds no tenths.");
  const value = tenths / 10;
  const asSent = String(value);
  if (value > KETONE_HIGH) return { value: KETONE_HIGH, unit, outOfRange: "high", asSent };
  if (marked !== null) throw contradiction();
  return { value, unit, outOfRange: null, asSent };
}

function markOf(status: number): "high" | "low" | null {
  const marked = statusPlace(status);
  if (marked === "both") throw contradiction();
  return marked;
}

function infinite(
  kind: "above" | "below",
  marked: "high" | "low" | null,
  unit: "mg/dL" | "mmol/L",
  bounds: { readonly low: number; readonly high: number },
): Amount {
  const outOfRange = kind === "above" ? "high" : "low";
  if (marked !== null && marked !== outOfRange) throw contradiction();
  return { value: bounds[outOfRange], unit, outOfRange, asSent: outOfRange === "high" ? "HI" : "LO" };
}

/** HI or LO where the row says that a plain number means it: whole mg/dL, or a mmol/L number beyond the same bounds. */
function plainPlace(value: number, unit: "mg/dL" | "mmol/L", { plainBounds }: Row): "high" | "low" | null {
  const { below } = PLAUSIBLE[unit];
  if (plainBounds === null || value <= 0 || value >= below) return null;
  if (unit === "mg/dL" && !Number.isInteger(value)) return null;
  const low = unit === "mg/dL" ? plainBounds.low : plainBounds.low >= 20 ? 1.1 : 0.6;
  const high = unit === "mg/dL" ? plainBounds.high : 33.3;
  return value < low ? "low" : value > high ? "high" : null;
}

/** Whether a number is at or beyond the bound that its mark means; 0 and below stand for a low that was not measured. */
function isBeyond(value: number, unit: "mg/dL" | "mmol/L", marked: "high" | "low"): boolean {
  const { low, high } = BOUNDS[unit];
  return marked === "high" ? value >= high : value <= low;
}

function misfit(what: string): Problem {
  return new Problem("FRAME_MALFORMED", what);
}

function contradiction(): Problem {
  return misfit("A record's value and the meter's mark for it contradict each other.");
}
