import { isProblem, Problem } from "../domain/problem.js";
import { acknowledge, type DirtyRow, dirtyPage, reject } from "../store/sync-records.js";
import { type Applied, applyRemote } from "./apply.js";
import type { PushResult } from "./clouds/cloud.js";
import { fenced, type RoundContext } from "./context.js";

/** Most changes in one request (protocol: 1,000). */
const BATCH = 1_000;
/** Most characters of fields in one request: leaves room below the protocol's 4 MiB for the rest and for UTF-8. */
const BATCH_CHARACTERS = 1_200_000;
/** How many requests are on their way at once: the next is made while the cloud works on the last. */
const WINDOW = 2;
/** Most conflicts that one pass gathers before it goes on to the pull that resolves them. */
const MOST_CONFLICTING = 5_000;

/** What one pass of pushing came to. */
export interface PushReport {
  readonly accepted: number;
  readonly rejected: number;
  /** Records whose state in the cloud the pull before did not bring, and how many conflicts their merging made. */
  readonly merged: number;
  readonly conflicts: number;
  readonly conflicting: Conflicting;
}

/** Records whose state in the cloud is another than the one that the change was made on: id, and the rev of that state. */
export type Conflicting = ReadonlyMap<string, string>;

/**
 * Pushes every record with unpushed changes once, in the order of creation. Changes made meanwhile stay for the next
 * pass, so that people who keep writing can't keep it here. A record that the cloud has in another state is left to the
 * pull that follows, which brings its author; `before` are those of the pass before. Where the cloud answers with the
 * same state again, a whole pull did not bring it: the cloud's sequence of changes lacks it, and it is merged at once.
 */
export async function push(context: RoundContext, before: Conflicting): Promise<PushReport> {
  const total: Total = { accepted: 0, rejected: 0, merged: 0, conflicts: 0, conflicting: new Map() };
  const flight: Promise<void>[] = [];
  let size = context.batch ?? BATCH;
  let after = 0;
  try {
    while (total.conflicting.size < MOST_CONFLICTING) {
      const page = upTo(await dirtyPage(context.store, after, size), BATCH_CHARACTERS);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.row;
      if (flight.length >= WINDOW) await flight.shift();
      context.signal.throwIfAborted();
      const sent = send(context, page, before, total, (smaller) => {
        size = Math.min(size, smaller);
      });
      sent.catch(() => undefined);
      flight.push(sent);
    }
    while (flight.length > 0) await flight.shift();
  } finally {
    await Promise.allSettled(flight);
  }
  return total;
}

function upTo(page: readonly DirtyRow[], characters: number): readonly DirtyRow[] {
  let sum = 0;
  const end = page.findIndex((row, index) => {
    sum += row.fields.length + 200;
    return index > 0 && sum > characters;
  });
  return end === -1 ? page : page.slice(0, end);
}

interface Total {
  accepted: number;
  rejected: number;
  merged: number;
  conflicts: number;
  conflicting: Map<string, string>;
}

/** Sends a batch; halves it where the cloud takes none so large, or can't read one, until the one at fault is alone. */
async function send(
  context: RoundContext,
  page: readonly DirtyRow[],
  before: Conflicting,
  total: Total,
  onTooLarge: (size: number) => void,
): Promise<void> {
  let results: readonly PushResult[];
  try {
    const changes = page.map((row) => ({
      id: row.id,
      kind: row.kind,
      base: row.rev,
      deleted: row.deleted === 1,
      fieldsText: row.fields,
    }));
    results = await context.cloud.push(context.store.hubId, changes, context.signal);
  } catch (error) {
    if (!isProblem(error, "SYNC_TOO_LARGE", "SYNC_MALFORMED")) throw error;
    if (page.length === 1) {
      results = [
        {
          status: "rejected",
          code: error.code === "SYNC_TOO_LARGE" ? "too_large" : "malformed",
          message: error.message,
        },
      ];
    } else {
      const half = Math.ceil(page.length / 2);
      if (error.code === "SYNC_TOO_LARGE") onTooLarge(half);
      await send(context, page.slice(0, half), before, total, onTooLarge);
      await send(context, page.slice(half), before, total, onTooLarge);
      return;
    }
  }
  if (results.length !== page.length)
    throw new Problem("SYNC_BAD_ANSWER", "The cloud's results are not those of the changes sent.");
  await settle(context, page, results, before, total);
}

/** Why a record can't be pushed whose state in the cloud is no record here. */
const UNREADABLE = {
  code: "cloud_state_invalid",
  message: "The cloud holds a state of this record that can't be understood here; it was kept in quarantine.",
};

/** Notes what the cloud said, in one transaction: for each record the version that was pushed, whatever it has by now. */
async function settle(
  context: RoundContext,
  page: readonly DirtyRow[],
  results: readonly PushResult[],
  before: Conflicting,
  total: Total,
): Promise<void> {
  const accepted: { row: number; pushed: number; rev: string }[] = [];
  const refused: { row: number; version: number; code: string; message: string }[] = [];
  const merging: { row: DirtyRow; result: PushResult & { status: "conflict" } }[] = [];
  for (const [index, row] of page.entries()) {
    const result = results[index];
    if (result?.status === "accepted") accepted.push({ row: row.row, pushed: row.version, rev: result.rev });
    else if (result?.status === "rejected")
      refused.push({ row: row.row, version: row.version, code: result.code, message: result.message });
    else if (result?.status === "conflict") {
      total.conflicting.set(row.id, result.rev);
      if (before.get(row.id) === result.rev) merging.push({ row, result });
    }
  }
  if (accepted.length + refused.length + merging.length === 0) return;
  const [merged, conflicts] = await fenced(context, async (tx) => {
    await acknowledge(tx, accepted);
    const applied: Applied[] = [];
    const nowMs = context.clock.now();
    for (const { row, result } of merging) {
      const remote = {
        ...result,
        id: row.id,
        kind: row.kind,
        changedBy: "cloud",
        changedAt: new Date(nowMs).toISOString(),
      };
      const outcome = await applyRemote(tx, remote, {
        hubId: context.store.hubId,
        doubtful: true,
        newId: context.newId,
        nowMs,
        onUnpushed: () => undefined,
        onForgotten: () => undefined,
      });
      applied.push(outcome);
      // Nothing that is sent again could be merged with it: a person must look.
      if (outcome === "refused") refused.push({ row: row.row, version: row.version, ...UNREADABLE });
    }
    await reject(tx, refused);
    const count = (wanted: Applied): number => applied.filter((outcome) => outcome === wanted).length;
    return [applied.length - count("refused"), count("conflict")] as const;
  });
  total.accepted += accepted.length;
  total.rejected += refused.length;
  total.merged += merged;
  total.conflicts += conflicts;
}
