import type { RecordFields } from "../domain/record.js";
import type { HotStatement } from "./hot.js";
import type { Tx } from "./store.js";

/** What a state of a record says was measured, and when. */
export type KnownState = Pick<
  RecordFields,
  "time" | "endTime" | "delivery" | "outOfRange" | "value" | "value2" | "unit"
>;

/** Every state that these records ever had, by id. At most 1,000 ids a call. */
export async function knownStates(tx: Tx, ids: readonly string[]): Promise<Map<string, KnownState[]>> {
  const rows = await tx.db
    .selectFrom("records")
    .innerJoin("history", "history.record", "records.row")
    .select(["records.id", "history.fields"])
    .where("records.id", "in", ids)
    .execute();
  const states = new Map<string, KnownState[]>();
  for (const row of rows) {
    const list = states.get(row.id) ?? [];
    list.push(JSON.parse(row.fields) as KnownState);
    states.set(row.id, list);
  }
  return states;
}

/** The newest fields of these records, as the text that the store keeps (see `fieldsText`), by id. At most 1,000 ids a call. */
export async function keptTexts(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.all<Ids, { id: string; fields: string }>(KEPT_TEXTS, { ids });
  return new Map(rows.map(({ id, fields }) => [id, fields]));
}

interface Ids {
  readonly ids: readonly string[];
}

/** By hand: with a place for each id it would be another statement for each number of them. */
const KEPT_TEXTS: HotStatement<Ids> = {
  sqlite: {
    // In this order for certain: the ids are looked up, the store is not searched through.
    sql: "SELECT r.id, r.fields FROM json_each(?) AS given CROSS JOIN records AS r WHERE r.id = given.value",
    bind: ({ ids }) => [JSON.stringify(ids)],
  },
  postgres: { sql: "SELECT id, fields FROM records WHERE id = ANY ($1::text[])", bind: ({ ids }) => [ids] },
  bulk: null,
};
