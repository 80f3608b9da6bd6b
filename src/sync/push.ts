import { isProblem, Problem } from "../domain/problem.js";
import { acknowledge, type DirtyRow, dirtyPage, reject } from "../store/sync-records.js";
import { applyRemote } from "./apply.js";
import type { PushResult } from "./clouds/cloud.js";
import { fenced, type RoundContext } from "./context.js";

/** Most changes in one request (protocol: 1,000). */
const BATCH = 1_000;
/** Most characters of fields in one request: leaves room below the protocol's 4 MiB for the rest and for UTF-8. */
const BATCH_CHARACTERS = 1_200_000;
/** How many requests are on their way at once: the next is made while the cloud works on the last. */
const WINDOW = 2;

/** What one pass of pushing came to. */
export interface PushReport {
  readonly accepted: number;
  readonly rejected: number;
  /** Records whose state in the cloud is another than the one that the change was made on. */
  readonly conflicting: ReadonlySet<string>;
}

/**
 * Pushes every record with unpushed changes once, in the order of creation. Changes made meanwhile stay for the next
 * pass, so that people who keep writing can't keep it here. A record that the cloud has in another state is left to the
 * pull that follows, which brings its author; in `again` are those for which that did not help: they are merged at once.
 */
export async function push(context: RoundContext, again: ReadonlySet<string>): Promise<PushReport> {
  const total = { accepted: 0, rejected: 0, conflicting: new Set<string>() };
  const flight: Promise<void>[] = [];
  let size = BATCH;
  let after = 0;
  try {
    for (;;) {
      const page = upTo(await dirtyPage(context.store, after, size), BATCH_CHARACTERS);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.row;
      if (flight.length >= WINDOW) await flight.shift();
      context.signal.throwIfAborted();
      const sent = send(context, page, again, total, (smaller) => {
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
  conflicting: Set<string>;
}

/** Sends a batch; halves it where the cloud takes none so large, or can't read one, until the one at fault is alone. */
async function send(
  context: RoundContext,
  page: readonly DirtyRow[],
  again: ReadonlySet<string>,
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
      await send(context, page.slice(0, half), again, total, onTooLarge);
      await send(context, page.slice(half), again, total, onTooLarge);
      return;
    }
  }
  if (results.length !== page.length)
    throw new Problem("SYNC_BAD_ANSWER", "The cloud's results are not those of the changes sent.");
  await settle(context, page, results, again, total);
}

/** Notes what the cloud said, in one transaction: for each record the version that was pushed, whatever it has by now. */
async function settle(
  context: RoundContext,
  page: readonly DirtyRow[],
  results: readonly PushResult[],
  again: ReadonlySet<string>,
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
      total.conflicting.add(row.id);
      if (again.has(row.id)) merging.push({ row, result });
    }
  }
  if (accepted.length + refused.length + merging.length === 0) return;
  await fenced(context, async (tx) => {
    await acknowledge(tx, accepted);
    await reject(tx, refused);
    const nowMs = context.clock.now();
    for (const { row, result } of merging) {
      const remote = {
        ...result,
        id: row.id,
        kind: row.kind,
        changedBy: "cloud",
        changedAt: new Date(nowMs).toISOString(),
      };
      await applyRemote(tx, remote, { newId: context.newId, nowMs, onUnpushed: () => undefined });
    }
  });
  total.accepted += accepted.length;
  total.rejected += refused.length;
}
