import { Problem } from "../../../src/domain/problem.js";
import type { SourceReading } from "../../../src/domain/reading.js";
import { meterReading } from "../../../src/kit/meter-reading.js";

/** Least and greatest mg/dL that the displays show as a number; beyond them they show LO and HI (both sheets). */
export const LIMITS = { low: 20, high: 600 } as const;
/** From there on a number is no blood glucose any more: a mark that nobody has described, or damage. */
const NONSENSE = 1_000;

/**
 * A value in mg/dL as what it means: itself, or a bound and a flag. Throws FRAME_MALFORMED for 0 (an empty cell on the
 * Bluetooth models, sheet b) and for a thousand or more.
 */
export function measured(mgDl: number): Pick<SourceReading, "value" | "outOfRange"> {
  if (mgDl === 0 || mgDl >= NONSENSE) {
    throw new Problem("FRAME_MALFORMED", `A value of ${mgDl} mg/dL is no glucose that a meter can measure.`, { mgDl });
  }
  if (mgDl < LIMITS.low) return beyond("low");
  if (mgDl > LIMITS.high) return beyond("high");
  return { value: mgDl, outOfRange: null };
}

/** The bound with its flag, for a meter that says LO or HI. */
export function beyond(outOfRange: "low" | "high"): Pick<SourceReading, "value" | "outOfRange"> {
  return { value: LIMITS[outOfRange], outOfRange };
}

/** A glucose reading of a meter of this family, all that it does not tell left empty. */
export function glucoseReading(
  told: Pick<SourceReading, "value" | "outOfRange" | "deviceTime" | "asSent" | "raw"> &
    Partial<Pick<SourceReading, "control" | "meal" | "note">>,
): SourceReading {
  const { value, outOfRange, control = false, meal = null, note = null, deviceTime, asSent, raw } = told;
  return meterReading({
    kind: "glucose",
    value,
    unit: "mg/dL",
    outOfRange,
    control,
    meal,
    note,
    deviceTime,
    asSent,
    raw,
  });
}
