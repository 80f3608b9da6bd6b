import type { DbusLibrary } from "./library.js";

/** How deep a value of the bus is followed: BlueZ's are four deep at most, the bus itself allows 64. */
const DEEPEST = 16;

/**
 * A value as the bus gave it without the wrappings of the library: variants are what is in them, bytes a copy of their
 * own, dictionaries maps. Throws RangeError where it is nested deeper than anything BlueZ says.
 */
export function plain(value: unknown, variant: DbusLibrary["Variant"], depth = 0): unknown {
  if (depth > DEEPEST) throw new RangeError("a value of the bus is nested too deep");
  if (value instanceof variant) return plain(value.value, variant, depth + 1);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, variant, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, plain(item, variant, depth + 1)]));
}

/** A dictionary by its keys; an empty one for anything else. */
export function dictionary(value: unknown): ReadonlyMap<string, unknown> {
  return value instanceof Map ? value : new Map<string, unknown>();
}

/** The texts in a list; none for anything else. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A text, or null for anything else. */
export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
