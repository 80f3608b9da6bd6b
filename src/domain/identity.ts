import * as crypto from "node:crypto";

/** Namespace of every id that Glucohub derives from a source (a random UUID, fixed for ever). */
const NAMESPACE = Buffer.from("6f1c1c3e5a0b4f4c9a5e2f0d7b6a4c11", "hex");
/** Joins the parts of a name; can't stand in any of them. */
const SEPARATOR = "\u001f";

/**
 * A UUID (version 5, RFC 9562 section 5.5) named by these parts: the same source gives the same id on every hub.
 * A part that is null is told apart from an empty one.
 */
export function derivedId(...parts: readonly (string | number | null)[]): string {
  let name = "";
  for (let index = 0; index < parts.length; index += 1) {
    if (index > 0) name += SEPARATOR;
    name += parts[index] ?? "\u0000";
  }
  // UTF-8 takes three bytes for a unit of UTF-16 at most.
  const bytes = Buffer.allocUnsafe(NAMESPACE.length + name.length * 3);
  bytes.set(NAMESPACE);
  const hex = sha1(bytes.subarray(0, NAMESPACE.length + bytes.write(name, NAMESPACE.length, "utf8")));
  // The four bits of the version, and the two of the variant.
  const variant = VARIANTS.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const sha1: (bytes: Uint8Array) => string =
  // Node has it in one call from 20.12 on, in half the time; the hub promises to run on every 20.
  typeof crypto.hash === "function" ? (bytes) => crypto.hash("sha1", bytes) : sha1ByObject;

/** The same as the platform's one call: for older Node, and to be compared with. */
export function sha1ByObject(bytes: Uint8Array): string {
  return crypto.createHash("sha1").update(bytes).digest("hex");
}

/** What becomes of the last two bits of a digit whose first two are the variant's, 1 and 0 (RFC 9562 section 4.1). */
const VARIANTS = "89ab";

/** True for a UUID in its lower-case text form. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
