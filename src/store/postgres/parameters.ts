/**
 * A parameter as the library sends it. Text in PostgreSQL holds no zero character: it is replaced by the sign for what
 * can't be shown. In a record's fields, which are JSON, it never stands as such.
 */
export function toParameter(value: unknown): unknown {
  if (typeof value === "string") return value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}
