import { forgetCloud } from "../store/sync-records.js";
import { setSyncState, syncState } from "../store/sync-state.js";
import { fenced, type RoundContext } from "./context.js";

/**
 * From now on the cloud is not believed to hold what it confirmed: everything is compared anew. Noted durably first, so
 * that a crash in the middle of forgetting goes on with it. Resolves when all is forgotten.
 *
 * @param digests of both sides, where their difference is the reason: noted in the same transaction, so that it is taken
 *   for looked into only where it is
 */
export async function forgetEverything(
  context: RoundContext,
  why: string,
  digests: string | null = null,
): Promise<void> {
  context.log.warn({}, `comparing every record with the cloud anew: ${why}`);
  await fenced(context, async (tx) => {
    await setSyncState(tx, "cursor", null);
    await setSyncState(tx, "forgetting", "0");
    if (digests !== null) await setSyncState(tx, "differing", digests);
  });
  await finishForgetting(context);
}

/** Goes on with forgetting that was begun, step by step, so that nobody waits for it. False if none was begun. */
export async function finishForgetting(context: RoundContext): Promise<boolean> {
  let { forgetting } = await syncState(context.store);
  if (forgetting === null) return false;
  while (forgetting !== null) {
    context.signal.throwIfAborted();
    const after = Number(forgetting);
    forgetting = await fenced(context, async (tx) => {
      const last = await forgetCloud(tx, after);
      const next = last === null ? null : String(last);
      await setSyncState(tx, "forgetting", next);
      return next;
    });
  }
  return true;
}
