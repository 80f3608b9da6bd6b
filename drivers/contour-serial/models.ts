/** Marketing names by the number in the product's name (sheet a; the Breeze from public programs' tables). */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["6115", "Breeze"],
  ["6116", "Breeze 2"],
  ["7150", "Contour"],
  ["7160", "Contour Next EZ"],
  ["7220", "Contour"],
  ["7600", "Contour Plus"],
]);

/**
 * The marketing name of a product such as `Bayer7150` or `Contour7600`; the product's own name for a number that is not
 * in the table, since records of the family say themselves what they are. Null for another maker's product.
 */
export function modelOf(product: string): string | null {
  const number = /^(?:Bayer|Contour)(\d{4})$/.exec(product)?.[1];
  return number === undefined ? null : (NAMES.get(number) ?? product);
}
