import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Delivery } from "../../src/domain/record.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import type { AstmResult } from "../shared/astm/result.js";
import { wallOfStamp } from "../shared/astm/wall.js";

/** Names of the results that people type in: both sheets name them, without their fields. */
const TESTS = { insulin: "Insulin", carbs: "Carb" } as const;
/** Insulin comes in tenths of a unit (a public program; a public sample of 80 beside a small meal bears it out). */
const TENTHS = 10;
/** The kind of insulin stands in the place of the unit (two public programs; 3 and 0 one). */
const INSULINS: ReadonlyMap<string, { readonly delivery: Delivery | null; readonly note: string }> = new Map([
  ["0", { delivery: null, note: "Insulin of an unstated kind" }],
  ["1", { delivery: "bolus", note: "Rapid-acting insulin" }],
  ["2", { delivery: "basal", note: "Long-acting insulin" }],
  ["3", { delivery: null, note: "Mixed insulin" }],
]);
/** Carbohydrates in grams (two public programs). 2 are points and 3 choices (one): no weight that anybody could know. */
const GRAMS = "1";
/** Marks that could make the entry something else than what it says. */
const TELLING_MARKS: ReadonlySet<string> = new Set(["<", ">", "C", "E"]);

/** True for a result that somebody typed into the meter. */
export function isLogbook({ test }: AstmResult): boolean {
  return test === TESTS.insulin || test === TESTS.carbs;
}

/**
 * An entry of insulin or carbohydrates as the record that it is. Throws FRAME_MALFORMED for carbohydrates in anything but
 * grams, insulin of an unknown kind, a number of another form, marks that could change it, or a date that does not exist.
 */
export function logbookReading(result: AstmResult, raw: Uint8Array): SourceReading {
  const { value, marks, statuses, stamp } = result;
  const form = result.test === TESTS.insulin ? /^\d{1,4}$/ : /^\d{1,3}$/;
  if (!form.test(value)) throw refused(`says ${JSON.stringify(value)} for a number`);
  const telling = [...marks, ...statuses].find((mark) => TELLING_MARKS.has(mark));
  if (telling !== undefined) throw refused(`carries the mark ${telling}`);
  const others = [...marks, ...statuses];
  const what = result.test === TESTS.insulin ? insulin(result) : carbs(result);
  const notes = [
    ...(what.note === null ? [] : [what.note]),
    ...(others.length > 0 ? [`Mark ${others.join(", ")}`] : []),
  ];
  return meterReading({
    kind: what.kind,
    value: what.value,
    unit: what.unit,
    outOfRange: null,
    control: false,
    meal: null,
    delivery: what.delivery,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime: wallOfStamp(stamp),
    asSent: value,
    raw,
  });
}

type What = Pick<SourceReading, "kind" | "value" | "unit" | "delivery" | "note">;

function insulin({ value, unit }: AstmResult): What {
  const known = INSULINS.get(unit);
  if (known === undefined) throw refused(`is of an unknown insulin: ${JSON.stringify(unit)}`);
  return { kind: "insulin", value: Number(value) / TENTHS, unit: "U", ...known };
}

function carbs({ value, unit }: AstmResult): What {
  if (unit !== GRAMS) throw refused(`is in something else than grams: ${JSON.stringify(unit)}`);
  return { kind: "carbs", value: Number(value), unit: "g", delivery: null, note: null };
}

function refused(what: string): Problem {
  return new Problem("FRAME_MALFORMED", `A logbook entry ${what}.`);
}
