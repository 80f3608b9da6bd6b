import { Problem } from "../../../src/domain/problem.js";
import { componentsOf, DELIMITERS, fieldsOf, repeatsOf } from "./record.js";

/** What a meter says of itself in the header record. Empty texts are null. */
export interface AstmHeader {
  /** `Bayer7150`, `Contour7600`. */
  readonly product: string;
  /** All components of the product field, in their order: makers place the serial number differently. */
  readonly components: readonly string[];
  readonly versions: readonly string[];
  /** The letters of the settings field and what they are set to. */
  readonly settings: ReadonlyMap<string, string>;
  /** Setting U: the display's unit; null if it is not said, or in another way than 0 and 1. */
  readonly displayUnit: "mg/dL" | "mmol/L" | null;
  /** How many records the meter says to hold. */
  readonly records: number | null;
  /** The meter's clock as sent; null if the field is empty or missing. */
  readonly clock: string | null;
}

/** Places in the header, counted from 0 with the record's letter (sheet a; sheet b counts them from 1). */
const FIELD = { delimiters: 1, product: 4, settings: 5, records: 6, clock: 13 } as const;

/** True for the text of a header record. */
export function isHeader(text: string): boolean {
  return text.startsWith("H|");
}

/**
 * Reads a header record by its delimiters, never by a rigid pattern: meters differ in how much they fill in (sheet b).
 * Throws FRAME_MALFORMED if it is no header, declares other delimiters, or names no product.
 */
export function readHeader(text: string): AstmHeader {
  const fields = fieldsOf(text);
  if (fields[0] !== "H") throw new Problem("FRAME_MALFORMED", "The meter's first record is no header.");
  if (fields[FIELD.delimiters] !== DELIMITERS) {
    throw new Problem("FRAME_MALFORMED", "The header declares delimiters that are not understood.");
  }
  const components = componentsOf(fields[FIELD.product] ?? "");
  const product = components[0] ?? "";
  if (product === "") throw new Problem("FRAME_MALFORMED", "The header names no product.");
  const settings = settingsOf(fields[FIELD.settings] ?? "");
  const records = fields[FIELD.records] ?? "";
  return {
    product,
    components,
    versions: repeatsOf(components[1] ?? "").filter((version) => version !== ""),
    settings,
    displayUnit: unitOf(settings.get("U")),
    records: /^\d{1,5}$/.test(records) ? Number(records) : null,
    clock: fields[FIELD.clock] || null,
  };
}

/** `A=1^C=00^U=0`; what is not of this form is passed over. */
function settingsOf(field: string): ReadonlyMap<string, string> {
  const pairs = componentsOf(field).flatMap((part) => {
    const at = part.indexOf("=");
    return at < 1 ? [] : [[part.slice(0, at), part.slice(at + 1)] as const];
  });
  return new Map(pairs);
}

/** Sheets a and b: 0 is mg/dL, 1 is mmol/L. */
function unitOf(setting: string | undefined): "mg/dL" | "mmol/L" | null {
  if (setting === "0") return "mg/dL";
  return setting === "1" ? "mmol/L" : null;
}
