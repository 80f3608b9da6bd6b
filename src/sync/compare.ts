import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { dirtyPage, revPage } from "../store/sync-records.js";
import { syncState } from "../store/sync-state.js";
import type { RoundContext } from "./context.js";
import { pullPage } from "./pull.js";

/** What a comparison came to; `unsettled`: the cloud changed all the while. */
export type Comparison =
  | { readonly found: "equal" | "unsettled" | "unsupported" }
  /** `digests` of both sides, to be remembered with the full comparison that this calls for. */
  | { readonly found: "different"; readonly digests: string | null };

/** How often the cloud's digest is asked for while others keep changing the cloud. */
const TRIES = 3;
/** Records whose revs are read at once. */
const PAGE = 2_000;

/** Stands for a set of records and their states: equal sets have equal digests. */
export interface Digest {
  readonly count: number;
  /** 16 hexadecimal digits: the first 8 bytes of SHA-256 of "id rev", of all records, joined by exclusive or. */
  readonly digest: string;
}

/**
 * Compares what the cloud holds with what it confirmed here, by one digest each: notices a cloud that went back to an
 * earlier state without saying so, and one that lost something. `different` is said only where the cloud stood still
 * and everything it had to tell was pulled; and not again for a difference that a full comparison could not mend (a
 * record of the cloud's that is none here).
 */
export async function compareWithCloud(context: RoundContext): Promise<Comparison> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = await context.cloud.digest(context.signal);
    if (before === null) return { found: "unsupported" };
    while ((await pullPage(context, new Map(), false)).more) context.signal.throwIfAborted();
    if ((await dirtyPage(context.store, 0, 1)).length > 0) return { found: "unsettled" };
    const here = await confirmedDigest(context);
    if (textOf(here) === textOf(before)) return { found: "equal" };
    const after = await context.cloud.digest(context.signal);
    if (after === null || textOf(after) !== textOf(before)) continue;
    const digests = `${textOf(here)} ${textOf(after)}`;
    if ((await syncState(context.store)).differing === digests) return { found: "equal" };
    context.log.warn({ here: here.count, cloud: after.count }, "the cloud does not hold what it confirmed");
    return { found: "different", digests };
  }
  return { found: "unsettled" };
}

async function confirmedDigest(context: RoundContext): Promise<Digest> {
  let [count, high, low] = [0, 0, 0];
  let after = 0;
  for (;;) {
    const page = await revPage(context.store, after, PAGE);
    for (const { id, rev } of page) {
      const hash = createHash("sha256").update(`${id} ${rev}`).digest();
      high ^= hash.readInt32BE(0);
      low ^= hash.readInt32BE(4);
    }
    count += page.length;
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.row;
    context.signal.throwIfAborted();
    await nextTurn();
  }
  const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, "0");
  return { count, digest: hex(high) + hex(low) };
}

function textOf({ count, digest }: Digest): string {
  return `${count}:${digest}`;
}
