import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "./random.js";
import type { Counts, Scenario } from "./scenario.js";
import { makeStory } from "./story.js";

/** How many lines of what happened are told with a failure. */
const TOLD = 60;

/** Size of an imported export in a run among other tests, megabytes. */
const SHORT_MB = 20;

/** What a run of one scenario came to. */
export interface Outcome {
  readonly scenario: string;
  readonly seconds: number;
  /** Null if it failed. */
  readonly counts: Counts | null;
  /** What was broken, with seed and story; null if it went well. */
  readonly failure: string | null;
}

/** Runs one scenario in a folder of its own, which is left standing if it fails. Never throws. */
export async function runScenario(
  scenario: Scenario,
  options: {
    readonly cycles: number;
    readonly seed: number;
    readonly short?: boolean;
    /** Default: small. */
    readonly megabytes?: number;
    say(line: string): void;
  },
): Promise<Outcome> {
  const { cycles, seed, say, short = false, megabytes = SHORT_MB } = options;
  const folder = mkdtempSync(join(tmpdir(), `glucohub-soak-${scenario.name}-`));
  const story = makeStory();
  const begun = performance.now();
  const seconds = (): number => Math.round((performance.now() - begun) / 100) / 10;
  try {
    const random = seeded(seed).for(scenario.name);
    const counts = await scenario.run({ folder, seed, random, cycles, short, megabytes, story, say });
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    return { scenario: scenario.name, seconds: seconds(), counts, failure: null };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const again = `npm run soak -- --only ${scenario.name} --seed ${seed} --cycles ${cycles} --megabytes ${megabytes}`;
    const failure = `${what}\n\nHow it came to it:\n${story.last(TOLD)}\n\nSeed ${seed}, ${cycles} cycles; what is left stands in ${folder}. Again: ${again}`;
    return { scenario: scenario.name, seconds: seconds(), counts: null, failure };
  }
}
