import { normalInstant } from "../domain/written-time.js";

/**
 * An instant of a request as records write it; null if it is none. A plus sign that arrived as a space is taken for what
 * it was: in a query string an unescaped `+01:00` reads as ` 01:00`.
 */
export function instantOf(text: string): string | null {
  return normalInstant(text.replace(/ (\d\d:\d\d)$/, "+$1"));
}
