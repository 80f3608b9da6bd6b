import { z } from "zod";
import { isUuid } from "../domain/identity.js";
import { Problem } from "../domain/problem.js";
import { checkFields } from "./check-fields.js";
import type { PushChange } from "./protocol.js";
import { MAX_PUSH_CHANGES } from "./protocol.js";

/** A hub's id or an editor's name: printable, so that it can stand in a log line and a page. */
export const NAME = z.string().regex(/^[^\p{C}]{1,200}$/u);

const ENVELOPE = z.object({
  hub: NAME,
  changes: z.custom<readonly unknown[]>((given) => Array.isArray(given), "must be an array"),
});

/**
 * The push that a body holds, its changes not judged yet except that each is an object with an id of its own.
 * Throws SYNC_MALFORMED (400) where it does not fit the protocol, SYNC_TOO_LARGE (413) for more than 1,000 changes.
 */
export function checkPush(body: unknown): { hub: string; changes: readonly PushChange[] } {
  const read = ENVELOPE.safeParse(body);
  if (!read.success) throw new Problem("SYNC_MALFORMED", z.prettifyError(read.error));
  const { hub, changes } = read.data;
  if (changes.length > MAX_PUSH_CHANGES) {
    throw new Problem("SYNC_TOO_LARGE", `${changes.length} changes: at most ${MAX_PUSH_CHANGES} in one push`);
  }
  const seen = new Set<string>();
  for (const [index, change] of changes.entries()) {
    const id = idOf(change);
    if (id === null) throw new Problem("SYNC_MALFORMED", `changes[${index}] has no id`);
    seen.add(id);
    if (seen.size !== index + 1) throw new Problem("SYNC_MALFORMED", `changes[${index}]: id ${id} stands twice`);
  }
  // Everything else of a change is judged by checkChange, one by one, so that a bad one does not stop the others.
  return { hub, changes: changes as readonly PushChange[] };
}

/**
 * Why this change can never be accepted as it stands, as a sentence; null if it may be. Trusts no type: the change
 * came over the wire.
 */
export function checkChange(change: PushChange): string | null {
  const { id, kind, base, deleted, fields }: Readonly<Record<keyof PushChange, unknown>> = change;
  if (typeof id !== "string" || !isUuid(id)) return "id must be a UUID in lower case";
  if (base !== null && typeof base !== "string") return "base must be a rev or null";
  if (typeof deleted !== "boolean") return "deleted must be true or false";
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return "fields must be an object";
  return checkFields(kind as string, fields as Record<string, unknown>);
}

function idOf(change: unknown): string | null {
  if (typeof change !== "object" || change === null || !("id" in change)) return null;
  return typeof change.id === "string" && change.id !== "" ? change.id : null;
}
