import { randomUUID } from "node:crypto";
import { Problem } from "../domain/problem.js";
import type { RecordFields } from "../domain/record.js";
import { recordFaults } from "../domain/validate.js";
import { writerOf } from "./field-writer.js";
import { type Author, rewriteIn } from "./records.js";
import type { Tx } from "./store.js";
import { addConflict, statesOf } from "./sync-records.js";

/** Stands before the name of the driver in the author of a conflict's other side: an export said it, not the cloud. */
export const EXPORT_AUTHOR = "export:";

/** A sample that an export tells otherwise than before, and what the import that gave it had said. */
export interface Correction {
  readonly id: string;
  /** What the export says now. */
  readonly told: RecordFields;
}

/** What became of a correction. */
export type Corrected = "changed" | "conflict" | "unclear" | "known";

/** Fields that must be taken together: a value without its unit is none. */
const MEASURED = ["value", "value2", "unit", "outOfRange", "control"] as const;
/** Fields that stand for themselves. */
const SINGLE = ["time", "endTime", "utcOffset", "deviceTime", "delivery", "meal", "specimen", "note"] as const;
type Field = (typeof MEASURED)[number] | (typeof SINGLE)[number];

/**
 * Takes what an export now says of a sample that an earlier one gave otherwise: as a local change in what nobody changed
 * here meanwhile, as an open conflict in what somebody did. A record that a person removed stays removed. `unclear` where
 * the two sides can't be told apart field by field (another unit, HI or LO): nothing is changed then.
 */
export async function correctIn(tx: Tx, { id, told }: Correction, author: Author): Promise<Corrected> {
  const row = await tx.db
    .selectFrom("records")
    .select(["row", "kind", "deleted", "fields"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined || row.deleted === 1) return "known";
  const states = await statesOf(tx, row);
  const given =
    states.filter(({ by, origin }) => origin === "local" && by === author.by).at(-1) ??
    states.find(({ origin }) => origin !== "remote");
  if (given === undefined) return "known";
  const base = JSON.parse(given.fields) as RecordFields;
  const here = JSON.parse(row.fields) as RecordFields;
  const differs = (a: RecordFields, b: RecordFields, fields: readonly Field[]): Field[] =>
    fields.filter((field) => a[field] !== b[field]);

  const take: Field[] = [];
  const clash: Field[] = [];
  if (differs(base, told, MEASURED).length > 0 && differs(here, told, MEASURED).length > 0) {
    const touched = differs(base, here, MEASURED).length > 0;
    // Kept one by one, as a person may, unit and number of two sides could be mixed.
    if (touched && differs(here, told, ["unit", "outOfRange", "control"]).length > 0) return "unclear";
    (touched ? clash : take).push(...differs(here, told, MEASURED));
  }
  for (const field of differs(base, told, SINGLE)) {
    if (here[field] === told[field]) continue;
    (here[field] === base[field] ? take : clash).push(field);
  }
  if (take.length > 0) {
    const fields: RecordFields = { ...here, ...Object.fromEntries(take.map((field) => [field, told[field]])) };
    if (recordFaults(id, row.kind, fields as unknown as Record<string, unknown>).length > 0) return "unclear";
    await rewriteIn(tx, row.row, fields, author);
  }
  for (const field of clash) {
    const mine = writerOf(states, field);
    await addConflict(tx, {
      id: randomUUID(),
      record: row.row,
      field,
      base: base[field],
      local: here[field],
      remote: told[field],
      localBy: mine?.by ?? "unknown",
      localAt: mine?.at ?? author.at,
      remoteBy: `${EXPORT_AUTHOR}${author.by}`,
      remoteAt: author.at,
      at: author.at,
    });
  }
  if (clash.length > 0) return "conflict";
  return take.length > 0 ? "changed" : "known";
}

/** Takes one field as an export said it. Throws RECORD_INVALID where that fits the record no more, and then nothing changes. */
export async function correctFieldIn(
  tx: Tx,
  row: number,
  said: Readonly<Record<string, unknown>>,
  author: Author,
): Promise<void> {
  const now = await tx.db
    .selectFrom("records")
    .select(["id", "kind", "fields"])
    .where("row", "=", row)
    .executeTakeFirstOrThrow();
  const fields = { ...(JSON.parse(now.fields) as RecordFields), ...said } as RecordFields;
  const faults = recordFaults(now.id, now.kind, fields as unknown as Record<string, unknown>);
  if (faults.length > 0) throw new Problem("RECORD_INVALID", `${faults.join("; ")}.`);
  await rewriteIn(tx, row, fields, author);
}
