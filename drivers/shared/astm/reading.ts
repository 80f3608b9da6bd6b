import { Problem } from "../../../src/domain/problem.js";
import type { SourceReading } from "../../../src/domain/reading.js";
import type { Meal } from "../../../src/domain/record.js";
import { meterReading } from "../../../src/kit/meter-reading.js";
import { type Limits, limitsOf, USUAL_LIMITS } from "./limits.js";
import type { AstmResult } from "./result.js";
import { wallOfStamp } from "./wall.js";

/** The test of a blood glucose result (both sheets). */
const GLUCOSE = "Glucose";
/** The test under which a meter sends its average, before the results (public source, single; see the README). */
const AVERAGE = "GlucoseA";

/** What the marks of a result say. */
interface Meaning {
  readonly outOfRange: "low" | "high" | null;
  readonly meal: Meal | null;
  readonly control: boolean;
  readonly notes: readonly string[];
}

/** True for the meter's own average of its results: no test of anybody's blood, and never a reading. */
export function isAverage(result: AstmResult): boolean {
  return result.test === AVERAGE;
}

/**
 * A result as a reading, in the unit in which it was sent. `bounds` is the header's setting V. Throws
 * FRAME_MALFORMED for a result of another test, in another unit, with contradicting marks, an unknown status, or a
 * date that does not exist: those are no readings that anybody could trust.
 */
export function readingOf(result: AstmResult, bounds: string | undefined, raw: Uint8Array): SourceReading {
  if (result.test !== GLUCOSE) throw refused(`is of another test than glucose: ${JSON.stringify(result.test)}`);
  const unit = unitOf(result.unit);
  const sent = amountOf(result.value, unit);
  const { outOfRange, meal, control, notes } = meaningOf(result);
  const stated = limitsOf(bounds, unit);
  const shown = shownOf(sent, outOfRange, stated, USUAL_LIMITS[unit]);
  return meterReading({
    kind: "glucose",
    value: shown.value,
    outOfRange: shown.outOfRange,
    unit,
    control,
    meal,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime: wallOfStamp(result.stamp),
    asSent: result.value,
    raw,
  });
}

function unitOf(unit: string): "mg/dL" | "mmol/L" {
  if (unit === "mg/dL" || unit === "mmol/L") return unit;
  throw refused(`is in an unknown unit: ${JSON.stringify(unit)}`);
}

/**
 * mg/dL are whole, mmol/L have one decimal (sheet a): a number of the other form may be in the other unit, or
 * tenths.
 */
function amountOf(value: string, unit: "mg/dL" | "mmol/L"): number {
  const right = unit === "mg/dL" ? /^\d{1,3}$/.test(value) : /^\d{1,2}\.\d$/.test(value);
  if (!right) throw refused(`is no number as meters send it in ${unit}: ${JSON.stringify(value)}`);
  if (Number(value) === 0) throw refused("is zero, which no test gives");
  return Number(value);
}

/**
 * The number and on which side of the display's range it is. A mark decides; without one, a number beyond the
 * bounds that the header states does (and one above the usual upper bound, which all these meters share). A mark
 * that contradicts its number is not understood.
 */
function shownOf(
  sent: number,
  mark: "low" | "high" | null,
  stated: Limits | null,
  usual: Limits,
): Pick<SourceReading, "value" | "outOfRange"> {
  const { low, high } = stated ?? usual;
  if (mark === "low" && sent > low) throw refused(`is marked as below range at ${sent}`);
  if (mark === "high" && sent < high) throw refused(`is marked as above range at ${sent}`);
  if (mark === "low" || (stated !== null && sent < low)) return { value: low, outOfRange: "low" };
  if (mark === "high" || sent > high) return { value: high, outOfRange: "high" };
  return { value: sent, outOfRange: null };
}

function meaningOf({ marks, statuses, method, form }: AstmResult): Meaning {
  const has = (mark: string): boolean => marks.includes(mark);
  if (has("<") && has(">")) throw refused("is marked as below and above range");
  // C is control in both forms; E is in the long one (sheet a) and unknown in the short one, where it may mean anything.
  const control = [...marks, ...statuses].some((mark) => mark === "C" || (mark === "E" && form === "long"));
  if (!control && has("E")) throw refused("carries the mark E, which may be a control test's");
  const otherStatuses = statuses.filter((status) => status !== "C" && status !== "E");
  if (!control && otherStatuses.length > 0) throw refused(`has an unknown status: ${JSON.stringify(otherStatuses[0])}`);
  const meals = [has("B") ? ("before" as const) : null, has("A") ? ("after" as const) : null].filter((m) => m !== null);
  const both = meals.length > 1;
  const unknown = marks.filter((mark) => !KNOWN_MARKS.has(mark) || (both && (mark === "A" || mark === "B")));
  const strange = [...unknown, ...otherStatuses];
  return {
    outOfRange: has("<") ? "low" : has(">") ? "high" : null,
    meal: both ? null : (meals[0] ?? null),
    control,
    notes: [
      ...(has("T") ? ["Temperature warning"] : []),
      ...(has("D") ? ["Logbook mark"] : []),
      ...methodNotes(method),
      ...(strange.length > 0 ? [`Mark ${strange.join(", ")}`] : []),
    ],
  };
}

/**
 * `<` `>` range, T temperature (sheet a, serial), B and A meal, D logbook, C control (both sheets), E control
 * (sheet a).
 */
const KNOWN_MARKS: ReadonlySet<string> = new Set(["<", ">", "T", "B", "A", "D", "C", "E"]);

/** Plasma is what people expect; a value referenced otherwise differs from it by a tenth, so its note says so. */
function methodNotes(method: string): readonly string[] {
  if (method === "P" || method === "") return [];
  if (method === "B") return ["Whole blood reference"];
  return [method === "C" ? "Capillary blood reference" : `Reference ${method}`];
}

function refused(what: string): Problem {
  return new Problem("FRAME_MALFORMED", `A result ${what}.`);
}
