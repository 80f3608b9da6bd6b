import { dirtyPage, forgetCloud } from "../store/sync-records.js";
import { setSyncState, syncState } from "../store/sync-state.js";
import { type CaptureMemory, uploadCaptures } from "./capture-upload.js";
import { fenced, type RoundContext } from "./context.js";
import { pullPage } from "./pull.js";
import { push } from "./push.js";

/** How often one page is rolled back for the sake of changes made meanwhile before both sides are merged in it. */
const PATIENCE = 3;
/** How often a round pushes and pulls anew because somebody kept writing; what is left then is the next round's. */
const PASSES = 20;

/** What a round did. */
export interface RoundReport {
  readonly pushed: number;
  readonly rejected: number;
  readonly pulled: number;
  readonly conflicts: number;
  readonly captures: number;
  readonly rollbacks: number;
  /** Somebody kept writing: another round is due at once. */
  readonly again: boolean;
}

/**
 * One round: push until nothing is unpushed, pull what is new, page by page; then the captures. Ends when nothing is
 * left on either side, and in any case. Safe to break off anywhere and to repeat.
 */
export async function syncRound(context: RoundContext, memory: CaptureMemory): Promise<RoundReport> {
  const done = { pushed: 0, rejected: 0, pulled: 0, conflicts: 0, captures: 0, rollbacks: 0 };
  await meetCloud(context);
  let conflicting: ReadonlySet<string> = new Set();
  let rollbacks = 0;
  let passes = 0;
  let pulledAll = false;
  for (; passes < PASSES; passes += 1) {
    const pushed = await push(context, conflicting);
    done.pushed += pushed.accepted;
    done.rejected += pushed.rejected;
    conflicting = pushed.conflicting;
    pulledAll = false;
    for (;;) {
      const page = await pullPage(context, conflicting, rollbacks < PATIENCE);
      done.pulled += page.taken;
      done.conflicts += page.conflicts;
      if (page.outcome === "rolled-back") {
        rollbacks += 1;
        done.rollbacks += 1;
        break;
      }
      rollbacks = 0;
      if (page.outcome === "restarted") break;
      if (!page.more) {
        pulledAll = true;
        break;
      }
    }
    if (pulledAll && (await dirtyPage(context.store, 0, 1)).length === 0) break;
  }
  done.captures = await uploadCaptures(context, memory);
  const again = passes >= PASSES || (await dirtyPage(context.store, 0, 1)).length > 0;
  await fenced(context, (tx) => setSyncState(tx, "lastSuccess", new Date(context.clock.now()).toISOString()));
  return { ...done, again };
}

/** Revs and cursor belong to one cloud: with another one everything is compared anew. */
async function meetCloud(context: RoundContext): Promise<void> {
  const name = `${context.cloud.kind} ${context.cloud.url}`;
  const known = (await syncState(context.store)).cloud;
  if (known === name) return;
  await fenced(context, async (tx) => {
    if (known !== null) {
      await setSyncState(tx, "cursor", null);
      await forgetCloud(tx);
    }
    await setSyncState(tx, "cloud", name);
  });
}
