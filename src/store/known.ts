import type { RecordFields } from "../domain/record.js";
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
