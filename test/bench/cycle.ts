import { rmSync } from "node:fs";
import { join } from "node:path";
import { editRecordIn } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";
import { percentile } from "./compare.js";
import type { Bench, Figure } from "./figure.js";
import { filledStore } from "./filled-store.js";
import { READER } from "./meter-records.js";
import { multipliedStore } from "./multiplied-store.js";
import { readyCloud } from "./ready-cloud.js";
import { readyEngine, roundOf } from "./ready-engine.js";
import { watchStatements } from "./statement-time.js";

/** Rounds measured for each line; the one in the middle counts. */
const ROUNDS = 21;
/** Changed records in the rounds that are compared between stores of different size. */
const DIRTY = 100;

/**
 * One round of the sync engine over stores of a tenth of the run's records, of all, and of ten times as many: some
 * records were changed, all others were confirmed before. The cloud is in the same process and has its answers ready.
 * What counts is the time of the store's statements, each from call to return; that of the commits, which wait for the
 * disk, has a line of its own, and so has the whole round but for the time inside the cloud's calls.
 */
export const benchCycle: Bench = async (context) => {
  const source = await filledStore(context, "cycle-source");
  const figures: Figure[] = [];
  const sizes = [Math.ceil(context.records / 10), context.records, context.records * 10];
  for (const size of sizes) {
    context.say(`Making a store of ${size} records.`);
    const path = join(context.folder, `cycle-${size}.db`);
    await multipliedStore(path, source, size, true);
    const dirty = size === context.records ? [0, DIRTY / 10, DIRTY, DIRTY * 10] : [DIRTY];
    for (const round of await rounds(path, size, dirty)) {
      const last = round.changed === DIRTY && size === sizes.at(-1);
      const name = `round of ${round.changed} changes in ${size} records`;
      figures.push(line(`${name}, statements`, round.statementsMs, last ? 5 : null));
      if (round.changed === DIRTY)
        figures.push(line("  its commits", round.commitsMs, null), line("  all of it", round.wholeMs, null));
    }
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  }
  return figures;
};

function line(name: string, ours: number, atMost: number | null): Figure {
  const target = atMost === null ? null : ({ of: "value", atMost } as const);
  return { name, unit: "ms", ours, floor: null, ratio: null, target };
}

/** What a round took, milliseconds: in the middle of some. */
export interface RoundTimes {
  readonly changed: number;
  readonly statementsMs: number;
  readonly commitsMs: number;
  /** How many transactions one round was, in the middle. */
  readonly commits: number;
  readonly wholeMs: number;
}

/**
 * For each number of changes, rounds that bring so many to the cloud.
 *
 * @param size how many records the store has, none of them unpushed
 */
export async function rounds(path: string, size: number, changes: readonly number[]): Promise<readonly RoundTimes[]> {
  const local = await Store.open({ path, role: "local" });
  const store = await Store.open({ path, role: "sync" });
  const cloud = readyCloud();
  const engine = readyEngine(store, cloud);
  const watch = watchStatements();
  try {
    // The first one after a start takes the lease and compares with the cloud.
    await roundOf(engine);
    const measured: RoundTimes[] = [];
    for (const changed of changes.map((count) => Math.min(count, size))) {
      const all: Omit<RoundTimes, "changed">[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await changeSome(local, size, changed, `round ${round} of ${changed}`);
        watch.take();
        const spent = cloud.spentMs();
        const start = performance.now();
        const { pushed, pulled } = await roundOf(engine);
        const wholeMs = performance.now() - start - (cloud.spentMs() - spent);
        const { commitsMs, othersMs, commits } = watch.take();
        if (pushed !== changed || pulled !== 0) throw new Error(`${pushed} of ${changed} changes were pushed`);
        all.push({ statementsMs: othersMs, commitsMs, commits, wholeMs });
      }
      const middle = (name: keyof (typeof all)[number]): number =>
        percentile(
          all.map((round) => round[name]),
          0.5,
        );
      measured.push({
        changed,
        statementsMs: middle("statementsMs"),
        commitsMs: middle("commitsMs"),
        commits: middle("commits"),
        wholeMs: middle("wholeMs"),
      });
    }
    return measured;
  } finally {
    watch.stop();
    await engine.stop();
    await store.close();
    await local.close();
  }
}

/** A person's note on so many records, spread over the whole store. */
async function changeSome(local: Store, size: number, count: number, note: string): Promise<void> {
  if (count === 0) return;
  const rows = Array.from({ length: count }, (_, index) => 1 + Math.floor((index * size) / count));
  const ids = await local.read.selectFrom("records").select("id").where("row", "in", rows).execute();
  await local.write(async (tx) => {
    for (const { id } of ids) await editRecordIn(tx, id, { note }, READER);
  });
}
