import type { Item, Plan } from "./plan.js";
import { type Outcome, run } from "./run.js";
import type { Templates } from "./templates.js";
import type { Invariant } from "./violation.js";

/** How many orders of the same things are tried before it is said that a smaller plan does not fail. */
const ORDERS = 3;
/** Most runs that shrinking takes. */
const MOST_RUNS = 600;

/** Simpler settings, each tried by itself. */
const SIMPLER: readonly Partial<Plan>[] = [
  { hubs: 1 },
  { crashRate: 0 },
  { diskRate: 0 },
  { zombies: false },
  { workers: 1 },
  { longPoll: false },
  { fine: false },
  { lagMs: 0 },
  { page: 500 },
  { batch: 1_000 },
  { ownBatch: 1_000 },
  { captures: false },
  { digest: false },
  { everyMs: 20_000 },
  { travelMs: 2 },
  { crashes: 1 },
];

/**
 * A smaller plan that breaks the same promise: without what is not needed for it, as far as a few hundred runs find out.
 * Repeatable. Gives the plan as it is where nothing can be left out.
 */
export async function shrink(plan: Plan, invariant: Invariant, templates: Templates): Promise<Plan> {
  let best = plan;
  let runs = 0;

  async function fails(candidate: Plan): Promise<boolean> {
    for (let order = 0; order < ORDERS && runs < MOST_RUNS; order += 1) {
      const tried = { ...candidate, order: order === 0 ? best.order : order };
      runs += 1;
      const { broken } = await run(tried, templates);
      if (broken?.invariant !== invariant) continue;
      best = tried;
      return true;
    }
    return false;
  }

  for (let before: Plan | null = null; before !== best && runs < MOST_RUNS; ) {
    before = best;
    for (const change of SIMPLER) {
      if (Object.entries(change).every(([name, value]) => best[name as keyof Plan] === value)) continue;
      const items = change.hubs === 1 ? best.items.filter((item) => item.hub === 0) : best.items;
      await fails({ ...best, ...change, items });
    }
    await withoutParts(
      () => best.items,
      (items) => fails({ ...best, items: items as readonly Item[] }),
    );
    await withoutParts(
      () => best.faults.kinds,
      (kinds) => fails({ ...best, faults: { ...best.faults, kinds: kinds as Plan["faults"]["kinds"] } }),
    );
  }
  return best;
}

/** Leaves out halves, quarters, … single ones of a list while that is found to fail. */
async function withoutParts(
  current: () => readonly unknown[],
  fails: (list: readonly unknown[]) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(current().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < current().length; ) {
      const list = current();
      if (!(await fails([...list.slice(0, at), ...list.slice(at + size)]))) at += size;
    }
  }
}

/** The story of a plan that breaks a promise: what is in it, what happened, and how to see it again. */
export function storyOf(plan: Plan, outcome: Outcome, steps: boolean): string {
  const { items, faults, seed, ...settings } = plan;
  const told = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`);
  const lines = [
    `Seed ${seed}, ${items.length} things done, faults: ${faults.rate === 0 || faults.kinds.length === 0 ? "none" : `${faults.kinds.join(", ")} (${faults.rate})`}.`,
    told.join(" "),
    "",
    ...outcome.trace.lines(steps),
  ];
  return lines.join("\n");
}
