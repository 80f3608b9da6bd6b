import { Coverage } from "./coverage.js";
import { type Plan, planOf, type Switches } from "./plan.js";
import { run } from "./run.js";
import { makeTemplates } from "./templates.js";
import type { Invariant } from "./violation.js";

/** Which seeds to run, and what may happen in them. */
export interface SimulateOptions {
  /** First seed. Default 1. */
  readonly from?: number;
  readonly count: number;
  /** Only each that many-th seed, from `from` on: several processes share a range so. Default 1. */
  readonly step?: number;
  readonly switches?: Switches;
  /** Told after each seed. */
  readonly onSeed?: (seed: number, hash: string) => void;
}

/** A seed in which a promise was broken. */
export interface Failure {
  readonly seed: number;
  readonly plan: Plan;
  readonly invariant: Invariant;
  readonly detail: string;
}

/** What came of the seeds. */
export interface SimulateResult {
  /** How many seeds ran, the failed one included. */
  readonly ran: number;
  readonly failure: Failure | null;
  readonly steps: number;
  /** How often each thing happened. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * What the engine is held to unless somebody says otherwise. Not to a cloud that shows a hub less than it told it before
 * (`late: "free"`): there an older state can't be told from a newer one.
 */
export const DEFAULT_SWITCHES: Switches = {
  cloud: ["refuse-all", "refuse-lost", "silent"],
  hub: true,
  late: "session",
};

/** Runs seed after seed and stops at the first that breaks a promise. */
export async function simulate(options: SimulateOptions): Promise<SimulateResult> {
  const { from = 1, count, step = 1, switches = DEFAULT_SWITCHES } = options;
  const templates = await makeTemplates();
  const coverage = new Coverage();
  let [ran, steps] = [0, 0];
  try {
    for (let seed = from; ran < count; seed += step) {
      const plan = planOf(seed, switches);
      const outcome = await run(plan, templates);
      ran += 1;
      steps += outcome.steps;
      coverage.add(outcome.counts);
      options.onSeed?.(seed, outcome.hash);
      if (outcome.broken !== null)
        return { ran, steps, counts: coverage.toJSON(), failure: { seed, plan, ...outcome.broken } };
    }
    return { ran, steps, counts: coverage.toJSON(), failure: null };
  } finally {
    templates.remove();
  }
}
