import { setImmediate as nextTurn } from "node:timers/promises";
import { type GlucoseStatistics, GlucoseSums } from "../domain/glucose-statistics.js";
import { KINDS, type Kind, type RecordFields } from "../domain/record.js";
import { sayTheSame } from "../domain/twins.js";
import type { RecordQuery } from "./queries.js";
import type { Store } from "./store.js";

/** How many records of one kind count, and how many were left out. Removed ones are in neither number. */
export interface KindStatistics {
  readonly kind: Kind;
  readonly count: number;
  /** Tests with control solution: nobody's readings. */
  readonly controls: number;
  /** Copies of what a meter's record says already (see `docs/twins.md`). */
  readonly copies: number;
}

/** What stands in the store, in numbers: kinds in their one order, those without any record left out. */
export interface Statistics {
  readonly kinds: readonly KindStatistics[];
  readonly glucose: GlucoseStatistics;
}

/** Records taken from the store at a time: the memory that it takes, however many there are. */
const PAGE = 1_000;

/**
 * Counts records and sums up glucose. A measurement that came by two ways counts once, as long as both say the same. Reads
 * page by page in the order of time while others write: whose time somebody changes meanwhile may be counted at its old
 * time, at its new one, at both or at neither.
 */
export async function statisticsOf(
  store: Store,
  query: Pick<RecordQuery, "since" | "until" | "patient">,
): Promise<Statistics> {
  const counts = new Map<Kind, { count: number; controls: number; copies: number }>();
  const glucose = new GlucoseSums();
  let after: Place | null = null;
  do {
    const page: Row[] = await pageOf(store, query, after);
    for (const row of page) {
      const kind = row.kind as Kind;
      const fields = JSON.parse(row.fields) as RecordFields;
      const tally = counts.get(kind) ?? { count: 0, controls: 0, copies: 0 };
      counts.set(kind, tally);
      if (isControl(fields)) tally.controls += 1;
      else if (isCopy(row, fields)) tally.copies += 1;
      else {
        tally.count += 1;
        if (kind === "glucose") glucose.add(fields);
      }
    }
    after = page.at(-1) ?? null;
    // SQLite works synchronously: without a turn for the others a large store would keep them waiting.
    await nextTurn();
  } while (after !== null);
  const kinds = KINDS.flatMap((kind) => {
    const tally = counts.get(kind);
    return tally === undefined ? [] : [{ kind, ...tally }];
  });
  return { kinds, glucose: glucose.result() };
}

function isControl({ control, specimen }: RecordFields): boolean {
  return control || specimen === "control";
}

interface Place {
  readonly row: number;
  readonly time: string;
}

type Row = Awaited<ReturnType<typeof pageOf>>[number];

/** The next page in the order of time, each record with the meter's that it is linked with. */
async function pageOf(
  store: Store,
  { since, until, patient }: Pick<RecordQuery, "since" | "until" | "patient">,
  after: Place | null,
) {
  let rows = store.read
    .selectFrom("records as r")
    .leftJoin("twins as t", (join) => join.onRef("t.copy", "=", "r.row").on("t.undone_at", "is", null))
    .leftJoin("records as m", "m.row", "t.original")
    .select(["r.row", "r.kind", "r.time", "r.fields"])
    .select(["m.kind as meter_kind", "m.deleted as meter_deleted", "m.fields as meter_fields"])
    .where("r.deleted", "=", 0);
  const from = after?.time ?? since;
  if (from !== undefined) rows = rows.where("r.time", ">=", from);
  if (until !== undefined) rows = rows.where("r.time", "<", until);
  if (patient !== undefined) rows = rows.where("r.patient", "=", patient);
  if (after !== null) rows = rows.where((eb) => eb.or([eb("r.time", ">", after.time), eb("r.row", ">", after.row)]));
  return rows.orderBy("r.time").orderBy("r.row").limit(PAGE).execute();
}

/** A copy counts by itself as soon as the meter's record is removed or says something else. */
function isCopy(row: Row, fields: RecordFields): boolean {
  if (row.meter_fields === null || row.meter_kind === null) return false;
  const meter = { kind: row.meter_kind, deleted: row.meter_deleted === 1 };
  return sayTheSame(
    { ...meter, fields: JSON.parse(row.meter_fields) as RecordFields },
    { kind: row.kind, deleted: false, fields },
  );
}
