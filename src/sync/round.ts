import { dirtyPage } from "../store/sync-records.js";
import { setSyncState, syncState } from "../store/sync-state.js";
import { type CaptureMemory, uploadCaptures } from "./capture-upload.js";
import { type Comparison, compareWithCloud } from "./compare.js";
import { fenced, type RoundContext } from "./context.js";
import { finishForgetting, forgetEverything } from "./forget.js";
import { pullPage } from "./pull.js";
import { type Conflicting, push } from "./push.js";

/** How often one page is rolled back for the sake of changes made meanwhile before both sides are merged in it. */
const PATIENCE = 3;
/** How often a round pushes and pulls anew because somebody kept writing; what is left then is the next round's. */
const PASSES = 20;
/** Passes that moved nothing although something is unpushed: what could move it is not here. */
const FRUITLESS_PASSES = 3;
/** How often hub and cloud compare what they hold though nothing seems amiss: a day. */
const COMPARE_EVERY_MS = 86_400_000;
/** When it is tried again if the cloud did not stand still. */
const COMPARE_AGAIN_MS = 600_000;

/** What a round did. */
export interface RoundReport {
  readonly pushed: number;
  readonly rejected: number;
  readonly pulled: number;
  readonly conflicts: number;
  readonly captures: number;
  readonly rollbacks: number;
  /** Records in a state that the cloud answered a push with and that its sequence of changes had not. */
  readonly unlisted: number;
  /** Somebody kept writing: another round is due at once. */
  readonly again: boolean;
}

/** What a worker knows while it lives. */
export interface RoundMemory extends CaptureMemory {
  /** When hub and cloud last compared what they hold, milliseconds since 1970. */
  comparedAtMs: number;
  /** When they do it again; 0: at the first opportunity. */
  compareAtMs: number;
  /** When everything was last compared because a cloud that gives no digest told of a state that it had not listed. */
  suspectedAtMs: number;
}

type Done = { -readonly [name in keyof Omit<RoundReport, "again">]: number };

/**
 * One round: push until nothing is unpushed, pull what is new, page by page; now and then compare what both hold; then
 * the captures. Ends when nothing is left on either side, and in any case. Safe to break off anywhere and to repeat.
 *
 * @param full compare every record, whatever the cloud confirmed
 */
export async function syncRound(context: RoundContext, memory: RoundMemory, full: boolean): Promise<RoundReport> {
  const done: Done = { pushed: 0, rejected: 0, pulled: 0, conflicts: 0, captures: 0, rollbacks: 0, unlisted: 0 };
  await meetCloud(context);
  if (await finishForgetting(context)) await takeStock(context, done);
  let left = await exchange(context, done);
  const suspect = done.unlisted > 0;
  if (suspect) memory.compareAtMs = 0;
  let compared = false;
  if (full || (left === "nothing" && isDue(memory, context.clock.now()))) {
    const comparison: Comparison = full
      ? { found: "different", digests: null }
      : await compare(context, memory, suspect);
    compared = comparison.found === "equal" || comparison.found === "different";
    memory.comparedAtMs = context.clock.now();
    memory.compareAtMs = memory.comparedAtMs + (comparison.found === "unsettled" ? COMPARE_AGAIN_MS : COMPARE_EVERY_MS);
    if (comparison.found === "different") {
      const why = full ? "somebody asked for it" : "the cloud does not hold what it confirmed";
      await forgetEverything(context, why, comparison.digests);
      await takeStock(context, done);
      left = await exchange(context, done);
    }
  }
  done.captures = await uploadCaptures(context, memory);
  const at = new Date(context.clock.now()).toISOString();
  await fenced(context, async (tx) => {
    await setSyncState(tx, "lastSuccess", at);
    if (compared) await setSyncState(tx, "lastCompared", at);
  });
  // Looked at last: what is written after this rings for itself.
  const again = left === "more" || (left === "nothing" && (await dirtyPage(context.store, 0, 1)).length > 0);
  return { ...done, again };
}

/** Also where the clock was put back since: it would be waited for longer by as much. */
function isDue({ comparedAtMs, compareAtMs }: RoundMemory, nowMs: number): boolean {
  return nowMs >= compareAtMs || nowMs < comparedAtMs;
}

/** Compares by digest; a suspect cloud that gives none is taken to differ, once a day at most. */
async function compare(context: RoundContext, memory: RoundMemory, suspect: boolean): Promise<Comparison> {
  const comparison = await compareWithCloud(context);
  const nowMs = context.clock.now();
  const again = nowMs < memory.suspectedAtMs + COMPARE_EVERY_MS;
  if (comparison.found !== "unsupported" || !suspect || again) return comparison;
  memory.suspectedAtMs = nowMs;
  return { found: "different", digests: null };
}

/**
 * Pushes and pulls until both sides hold the same. What is left then: `nothing`; `more` where somebody kept writing;
 * `stuck` where a change can neither be pushed nor merged.
 */
async function exchange(context: RoundContext, done: Done): Promise<"nothing" | "more" | "stuck"> {
  // Of the pass before, if its pull came to its end: what a whole pull did not bring, the cloud's sequence lacks.
  let before: Conflicting = new Map();
  let rollbacks = 0;
  let fruitless = 0;
  for (let passes = 0; passes < PASSES; passes += 1) {
    const pushed = await push(context, before);
    done.pushed += pushed.accepted;
    done.rejected += pushed.rejected;
    done.conflicts += pushed.conflicts;
    done.unlisted += pushed.merged;
    const { conflicting } = pushed;
    let moved = pushed.accepted + pushed.rejected + pushed.merged;
    let pulledAll = false;
    while (!pulledAll) {
      const page = await pullPage(context, conflicting, rollbacks < PATIENCE);
      done.pulled += page.taken;
      done.conflicts += page.conflicts;
      moved += page.taken;
      if (page.outcome === "restarted") await takeStock(context, done);
      if (page.outcome !== "applied") {
        moved += 1;
        break;
      }
      rollbacks = 0;
      pulledAll = !page.more;
    }
    before = pulledAll ? conflicting : new Map();
    if (!pulledAll) {
      rollbacks += 1;
      done.rollbacks += 1;
      continue;
    }
    if ((await dirtyPage(context.store, 0, 1)).length === 0) return "nothing";
    fruitless = moved === 0 ? fruitless + 1 : 0;
    if (fruitless >= FRUITLESS_PASSES) {
      context.log.warn(
        {},
        "a change can neither be pushed nor merged; it stays and is tried again with the next round",
      );
      return "stuck";
    }
  }
  return "more";
}

/**
 * Pulls everything after what the cloud confirmed was forgotten: most records turn out to be the same on both sides,
 * and need no push; of the others the cloud tells who wrote them.
 */
async function takeStock(context: RoundContext, done: Done): Promise<void> {
  for (;;) {
    const page = await pullPage(context, new Map(), false);
    done.pulled += page.taken;
    done.conflicts += page.conflicts;
    if (!page.more) return;
  }
}

/** Revs and cursor belong to one cloud: with another one everything is compared anew. */
async function meetCloud(context: RoundContext): Promise<void> {
  const name = `${context.cloud.kind} ${context.cloud.url}`;
  const known = (await syncState(context.store)).cloud;
  if (known === name) return;
  await fenced(context, async (tx) => {
    if (known !== null) {
      await setSyncState(tx, "cursor", null);
      await setSyncState(tx, "forgetting", "0");
    }
    await setSyncState(tx, "cloud", name);
  });
}
