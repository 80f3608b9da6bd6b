import { isUuid } from "../domain/identity.js";
import { Problem } from "../domain/problem.js";
import type { Store } from "../store/store.js";

/** How much of an id must be given at least. */
const SHORTEST = 8;
/** How many candidates a refusal names. */
const NAMED = 5;

/**
 * The whole id of the record or open conflict whose id begins so. Throws RECORD_NOT_FOUND or CONFLICT_NOT_FOUND where
 * there is none, USAGE where the text is too short, is no beginning of an id, or is that of several.
 */
export async function wholeId(store: Store, table: "records" | "conflicts", text: string): Promise<string> {
  const start = text.trim().toLowerCase();
  if (isUuid(start)) return start;
  if (start.length < SHORTEST || !/^[0-9a-f-]{1,35}$/.test(start))
    throw new Problem("USAGE", `An id is a UUID or its beginning, at least ${SHORTEST} characters; not "${text}".`);
  const rows = await store.read
    .selectFrom(table)
    .select("id")
    .where("id", ">=", start)
    // Sorts after every character that an id has.
    .where("id", "<", `${start}g`)
    .orderBy("id")
    .limit(NAMED + 1)
    .execute();
  const [only, ...others] = rows.map((row) => row.id);
  if (only === undefined)
    throw table === "records"
      ? new Problem("RECORD_NOT_FOUND", `There is no record whose id begins with ${start}.`)
      : new Problem("CONFLICT_NOT_FOUND", `There is no conflict whose id begins with ${start}.`);
  if (others.length === 0) return only;
  const shown = [only, ...others].slice(0, NAMED).join(", ");
  throw new Problem("USAGE", `Several ids begin with ${start}: ${shown}${others.length >= NAMED ? ", …" : ""}.`);
}
