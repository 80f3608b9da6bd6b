import { normalInstant } from "../domain/validate.js";

/**
 * An instant in any RFC 3339 spelling with a zone, as records write it (UTC, milliseconds); null if it is none, if that
 * day does not exist, or if its year has not four digits in UTC. A plus sign that arrived as a space is taken for what
 * it was: in a query string an unescaped `+01:00` reads as ` 01:00`.
 */
export function instantOf(text: string): string | null {
  const spelled = text.replace(/ (\d\d:\d\d)$/, "+$1");
  const instant = normalInstant(spelled);
  if (instant === null || instant.length !== "2026-11-21T07:03:00.000Z".length) return null;
  return isDay(spelled) ? instant : null;
}

/** True if the day that the text begins with exists: JavaScript takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}
