import { Problem } from "../domain/problem.js";
import { getRecord } from "../store/records.js";
import type { Store } from "../store/store.js";

/** A state's name as the `ETag` header bears it (RFC 9110 section 8.8.3). */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** True if an `If-None-Match` header (RFC 9110 section 13.1.2) names this state. */
export function namesState(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || tags(header, true).includes(etag);
}

/**
 * The state in which a change must find the record by its `If-Match` header (RFC 9110 section 13.1.1); null if any
 * state will do. The store compares again inside its transaction. Throws RECORD_STALE where the record stands in none
 * of the named states, RECORD_NOT_FOUND.
 */
export async function requiredState(store: Store, id: string, header: string | undefined): Promise<string | null> {
  if (header === undefined || header.trim() === "*") return null;
  const { etag } = await getRecord(store, id);
  if (!tags(header, false).includes(etag)) throw new Problem("RECORD_STALE");
  return etag;
}

/** The tags of a list; a weak one promises too little to change anything by it. */
function tags(header: string, weak: boolean): string[] {
  return header
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => weak || !tag.startsWith("W/"))
    .map((tag) => tag.replace(/^W\//, "").replace(/^"(.*)"$/, "$1"));
}
