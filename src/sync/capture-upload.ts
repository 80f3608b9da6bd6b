import { isProblem } from "../domain/problem.js";
import type { CaptureDevice } from "../store/captures.js";
import { dirtyPage } from "../store/sync-records.js";
import { fenced, type RoundContext } from "./context.js";

/** What a worker knows of the cloud's captures while it lives. */
export interface CaptureMemory {
  /** False once the cloud said that it keeps none. */
  supported: boolean;
  /** Captures that the cloud can't take: not asked again while the worker lives. */
  readonly refused: Set<string>;
}

/** Uploads captures one by one, oldest first, as long as no record waits: records go first. How many were uploaded. */
export async function uploadCaptures(context: RoundContext, memory: CaptureMemory): Promise<number> {
  let uploaded = 0;
  while (memory.supported && (await dirtyPage(context.store, 0, 1)).length === 0) {
    const row = await nextCapture(context, memory);
    if (row === undefined) break;
    const { id, kind, driver, sha256, bytes } = row;
    try {
      const capture = {
        id,
        kind,
        driver,
        sha256,
        bytes,
        startedAt: row.started_at,
        endedAt: row.ended_at,
        device: JSON.parse(row.device) as CaptureDevice,
        records: JSON.parse(row.records) as string[],
      };
      memory.supported = await context.cloud.putCapture(context.store.hubId, capture, context.signal);
    } catch (error) {
      if (!isProblem(error, "SYNC_TOO_LARGE", "SYNC_MALFORMED")) throw error;
      context.log.warn({ capture: id, code: error.code }, "the cloud can't take a capture; it stays here");
      memory.refused.add(id);
      continue;
    }
    if (!memory.supported) break;
    await fenced(context, (tx) => tx.db.updateTable("captures").set({ uploaded: 1 }).where("id", "=", id).execute());
    uploaded += 1;
  }
  return uploaded;
}

async function nextCapture(context: RoundContext, memory: CaptureMemory) {
  let waiting = context.store.read.selectFrom("captures").selectAll().where("uploaded", "=", 0);
  if (memory.refused.size > 0) waiting = waiting.where("id", "not in", [...memory.refused]);
  return waiting.orderBy("started_at").limit(1).executeTakeFirst();
}
