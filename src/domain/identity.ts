import { createHash } from "node:crypto";

/** Namespace of every id that Glucohub derives from a source (a random UUID, fixed for ever). */
const NAMESPACE = Buffer.from("6f1c1c3e5a0b4f4c9a5e2f0d7b6a4c11", "hex");
/** Joins the parts of a name; can't stand in any of them. */
const SEPARATOR = "\u001f";

/**
 * A UUID (version 5, RFC 9562 section 5.5) named by these parts: the same source gives the same id on every hub.
 * A part that is null is told apart from an empty one.
 */
export function derivedId(...parts: readonly (string | number | null)[]): string {
  const name = parts.map((part) => (part === null ? "\u0000" : String(part))).join(SEPARATOR);
  const hash = createHash("sha1").update(NAMESPACE).update(name, "utf8").digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** True for a UUID in its lower-case text form. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
