import { Problem } from "../../../src/domain/problem.js";
import { componentsOf, fieldsOf, repeatsOf } from "./record.js";

/** The fields of a result record as they stand, without what they mean. */
export interface AstmResult {
  /** The meter's number of the record, as sent. */
  readonly number: string;
  /** `Glucose`, `GlucoseA`, `Insulin`. */
  readonly test: string;
  readonly value: string;
  readonly unit: string;
  /** How the value is referenced: P, B, C, D; empty if not said. */
  readonly method: string;
  /** Everything that marks the value: range, temperature, meal, logbook. */
  readonly marks: readonly string[];
  /** What stands in the place for the result's status; only the long form has one. */
  readonly statuses: readonly string[];
  readonly stamp: string;
  readonly form: "short" | "long";
}

/** Places in a result, counted from 0 with the record's letter. */
const FIELD = { number: 1, test: 2, value: 3, unit: 4, marks: 6, nature: 7, status: 8 } as const;
/** Where the stamp is: in the short form (Contour Next, Contour USB: both sheets) and in the long one (serial: sheet a). */
const STAMP = { short: 8, long: 11 } as const;

/** True for the text of a result record. */
export function isResult(text: string): boolean {
  return text.startsWith("R|");
}

/**
 * Takes a result record apart. It has one of two forms, told apart by where the stamp stands:
 * `R|n|^^^Glucose|104|mg/dL^P||A/M0||202405060731` and `R|n|^^^Glucose|104|mg/dL^P||T|B|E|||202405060731`.
 * Throws FRAME_MALFORMED if it is no result, or of neither form.
 */
export function readResult(text: string): AstmResult {
  const fields = fieldsOf(text);
  if (fields[0] !== "R") throw new Problem("FRAME_MALFORMED", "The record is no result.");
  const long = fields.length > STAMP.short + 1;
  const test = componentsOf(fields[FIELD.test] ?? "");
  if (test.length !== 4 || test.slice(0, 3).some((part) => part !== "")) {
    throw new Problem("FRAME_MALFORMED", "A result does not say of what test it is.");
  }
  const [unit = "", method = ""] = componentsOf(fields[FIELD.unit] ?? "");
  return {
    number: fields[FIELD.number] ?? "",
    test: test[3] ?? "",
    value: fields[FIELD.value] ?? "",
    unit,
    method,
    marks: [...marksOf(fields[FIELD.marks]), ...marksOf(fields[FIELD.nature])],
    statuses: long ? marksOf(fields[FIELD.status]) : [],
    stamp: fields[long ? STAMP.long : STAMP.short] ?? "",
    form: long ? "long" : "short",
  };
}

/** `/` stands between the marks of the short form (both sheets), `\` between those of the long one (sheet a). */
function marksOf(field: string | undefined): readonly string[] {
  return repeatsOf((field ?? "").replaceAll("/", "\\")).filter((mark) => mark !== "");
}
