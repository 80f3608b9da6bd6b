import { setImmediate as nextTurn } from "node:timers/promises";
import type { Log } from "../domain/clock.js";
import { asProblem } from "../domain/problem.js";
import { sayTheSame, TWIN_WITHIN_MS } from "../domain/twins.js";
import type { Store, Tx } from "../store/store.js";
import {
  linkTwinsIn,
  newOfMeters,
  newReadings,
  noteTwinsSeenIn,
  readingsIn,
  type TwinRecord,
  twinRecordIn,
  twinsSeen,
  unlinkedOfMeters,
} from "../store/twins.js";
import { writePatiently } from "./keeper.js";
import { MOST_NEIGHBOURS, NEIGHBOURHOOD_MS, TWIN_RULE, twinOf } from "./twins.js";

/** How many rows are looked at in one go, before others have their turn. */
const ROWS = 5_000;
/** How many readings of meters are compared in one go. */
const READINGS = 100;

/** Every instant that a record may bear. */
const EVER = { since: "0000", until: "9999" };

/** Who looks, and when. */
export interface TwinSearch {
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  /** Aborted, the search ends early; the next one goes on where this one began. */
  readonly signal?: AbortSignal;
  /** True: every record is looked at again, also those that were looked at before. */
  readonly all?: boolean;
}

/**
 * Links each record of a meter with its twin from an export (see `twinOf`), as far as either came since the last search,
 * by whatever way: this session, another hub, the cloud. How many links were made.
 *
 * What it costs goes by the meters' readings, of which there are few, not by an export's: of new meters' readings each is
 * compared with what is near in time, of new others only the span of time counts, and the meters' readings in it are.
 * Throws STORE problems; what was linked by then is linked.
 */
export async function linkTwins(store: Store, search: TwinSearch): Promise<number> {
  const { seen, last } = await twinsSeen(store);
  const first = search.all === true ? 0 : seen;
  if (last <= first) return 0;
  // Where no meter is read, or everything has its twin, a million samples need not be looked at.
  const [any] = await unlinkedOfMeters(store, EVER, null, 1);
  if (any === undefined) {
    await writePatiently(store, (tx) => noteTwinsSeenIn(tx, last));
    return 0;
  }
  let links = 0;
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (let after = first; after < last; after += ROWS) {
    if (search.signal?.aborted === true) return links;
    const upTo = Math.min(after + ROWS, last);
    const { ofMeters, others } = await newReadings(store, after, upTo);
    const fresh = ofMeters === 0 ? [] : await newOfMeters(store, after, upTo);
    for (let at = 0; at < fresh.length; at += READINGS)
      links += await linkEach(store, fresh.slice(at, at + READINGS), search);
    if (others !== null) {
      firstMs = Math.min(firstMs, Date.parse(others.since));
      lastMs = Math.max(lastMs, Date.parse(others.until));
    }
    await nextTurn();
  }
  if (firstMs <= lastMs) {
    const span = { since: instant(firstMs - TWIN_WITHIN_MS), until: instant(lastMs + TWIN_WITHIN_MS) };
    let after: TwinRecord | null = null;
    do {
      if (search.signal?.aborted === true) return links;
      const page: TwinRecord[] = await unlinkedOfMeters(store, span, after, READINGS);
      links += await linkEach(store, page, search);
      after = page.at(-1) ?? null;
      await nextTurn();
    } while (after !== null);
  }
  await writePatiently(store, (tx) => noteTwinsSeenIn(tx, last));
  return links;
}

/** `linkTwins` where nothing may fail for it: trouble is logged, and left to the next search. */
export async function tryLinkTwins(store: Store, search: TwinSearch, log: Log): Promise<void> {
  try {
    const links = await linkTwins(store, search);
    if (links > 0) log.info({ links }, "readings that came by two ways were linked");
  } catch (error) {
    const { code, message } = asProblem(error);
    log.warn(
      { code, error: message },
      "could not look for readings that came by two ways; the next session tries again",
    );
  }
}

/** Looks without a lock whether anything near says the same, as nearly always nothing does; then, with it, whether it may be linked. */
async function linkEach(store: Store, meters: readonly TwinRecord[], search: TwinSearch): Promise<number> {
  const promising: TwinRecord[] = [];
  for (const meter of meters) {
    const near = await readingsIn(store, around(meter, TWIN_WITHIN_MS));
    if (near.some((other) => sayTheSame(meter, other))) promising.push(meter);
  }
  if (promising.length === 0) return 0;
  return writePatiently(store, async (tx) => {
    let links = 0;
    for (const { row } of promising) if (await linkOne(tx, row, search)) links += 1;
    return links;
  });
}

async function linkOne(tx: Tx, row: number, { by, at }: TwinSearch): Promise<boolean> {
  const meter = await twinRecordIn(tx, row);
  if (meter === null) return false;
  const near = await readingsIn(tx, around(meter, NEIGHBOURHOOD_MS));
  const self = near.find((other) => other.row === row);
  const copy = self === undefined ? null : twinOf(self, near);
  return copy !== null && (await linkTwinsIn(tx, { meter, copy }, { rule: TWIN_RULE, by, at }));
}

function around({ kind, fields }: TwinRecord, withinMs: number) {
  const atMs = Date.parse(fields.time);
  return { kind, since: instant(atMs - withinMs), until: instant(atMs + withinMs), limit: MOST_NEIGHBOURS + 1 };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
