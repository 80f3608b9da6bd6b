import { contourModel } from "../shared/astm/contour.js";

/** Marketing names by the number in the product's name (sheet a; the Breeze from public programs' tables). */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["6115", "Breeze"],
  ["6116", "Breeze 2"],
  ["7150", "Contour"],
  ["7160", "Contour Next EZ"],
  ["7220", "Contour"],
  ["7600", "Contour Plus"],
]);

/** The marketing name of a product; null for another maker's. */
export function modelOf(product: string): string | null {
  return contourModel(product, NAMES);
}
