import type { FaultKind } from "./fault-plan.js";
import type { Random } from "./random.js";
import type { Story } from "./story.js";

/** What a scenario runs in. */
export interface Scene {
  /** A folder of its own, removed afterwards if all went well. */
  readonly folder: string;
  readonly seed: number;
  readonly random: Random;
  /** How often the scenario's main turn is done. */
  readonly cycles: number;
  /** Everything once and small, for a run among other tests. */
  readonly short: boolean;
  /** Size of the export that a scenario has imported, megabytes. */
  readonly megabytes: number;
  readonly story: Story;
  /** Progress for whoever watches. */
  say(line: string): void;
}

/** What a scenario came to. */
export interface Counts {
  readonly cycles: number;
  /** Changes that were acknowledged, by hubs and by the cloud. */
  readonly atHubs: number;
  readonly atCloud: number;
  readonly unanswered: number;
  /** How many were answered with an error, by its status. */
  readonly refused: ReadonlyMap<number, number>;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly records: number;
  readonly states: number;
  readonly conflicts: number;
  /** What only this scenario counts. */
  readonly more: string;
}

/** One way to torment hubs and clouds. Throws with every promise that it found broken. */
export interface Scenario {
  readonly name: string;
  /** One line for the help. */
  readonly what: string;
  /** How many turns for so many `--cycles`; one that is slow takes fewer. */
  cyclesFor(cycles: number): number;
  /** Why it can't run on this machine; null if it can. */
  cannot(): string | null;
  run(scene: Scene): Promise<Counts>;
}

/** One line for a scenario that went well. */
export function countsText(counts: Counts): string {
  const { atHubs, atCloud, unanswered, refused, faults } = counts;
  return [
    `${counts.cycles} cycles${counts.more === "" ? "" : ` (${counts.more})`}`,
    `${atHubs} changes acknowledged by hubs, ${atCloud} by the cloud, ${unanswered} unanswered, refused ${sum(refused)}`,
    `faults ${sum(faults)}`,
    `${counts.records} records in ${counts.states} states compared, ${counts.conflicts} conflicts`,
  ].join("; ");
}

/** How many in all, and how many of each kind. */
function sum(counts: ReadonlyMap<string | number, number>): string {
  const all = [...counts.values()].reduce((a, b) => a + b, 0);
  const each = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`);
  return `${all}${each.length === 0 ? "" : ` (${each.join(", ")})`}`;
}
