import { Problem } from "../domain/problem.js";

/**
 * A number out of a request's query, or `otherwise` where it is not given. Throws SYNC_MALFORMED (400) for anything
 * but one decimal number between the bounds, whole where `whole` is set.
 */
export function queryNumber(
  query: unknown,
  name: string,
  range: { min: number; max: number; otherwise: number; whole: boolean },
): number {
  const text = queryText(query, name);
  if (text === null) return range.otherwise;
  const value = (range.whole ? /^\d{1,15}$/ : /^\d{1,15}(?:\.\d{1,3})?$/).test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new Problem("SYNC_MALFORMED", `${name} must be a number from ${range.min} to ${range.max}`);
}

/** A text out of a request's query, null where it is not given. Throws SYNC_MALFORMED (400) where it stands twice. */
export function queryText(query: unknown, name: string): string | null {
  if (typeof query !== "object" || query === null || !Object.hasOwn(query, name)) return null;
  const value: unknown = (query as Record<string, unknown>)[name];
  if (typeof value === "string") return value;
  throw new Problem("SYNC_MALFORMED", `${name} must stand once`);
}
