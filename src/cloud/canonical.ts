import type { WireFields } from "./protocol.js";

/** A JSON value as text with its names sorted at every level: equal content gives equal text. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(",")}}`;
}

/** True if the stored JSON text and these fields say the same, in whatever order. */
export function sameContent(storedText: string, fields: WireFields): boolean {
  if (storedText === JSON.stringify(fields)) return true;
  return canonicalText(JSON.parse(storedText)) === canonicalText(fields);
}
