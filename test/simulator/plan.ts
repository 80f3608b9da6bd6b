import { FAULTS, type Fault, type FaultMix } from "./faults.js";
import type { RestoreMode } from "./model-cloud.js";
import { Random } from "./random.js";

/** What somebody at a hub does. */
export const HUB_ACTS = [
  "read meter",
  "edit",
  "edit two fields",
  "edit as seen",
  "add",
  "delete",
  "restore newest",
  "restore first",
  "undelete",
  "keep local",
  "keep remote",
  "edit for poison",
  "edit for malformed",
  "sync now",
  "storm",
] as const;
export type HubAct = (typeof HUB_ACTS)[number];

/** What somebody in the cloud does. */
export const CLOUD_ACTS = [
  "cloud edits",
  "cloud edits two fields",
  "cloud clears",
  "cloud creates",
  "cloud deletes",
  "cloud undeletes",
  "cloud changes a value",
  "cloud insists",
  "cloud breaks a record",
  "cloud adds a field",
  "cloud touches",
] as const;
export type CloudAct = (typeof CLOUD_ACTS)[number];

/** What happens to machines. */
export const CHAOS_ACTS = [
  "stall worker",
  "stop worker",
  "second worker",
  "hub clock jumps",
  "cloud clock jumps",
  "cloud snapshot",
  "cloud restore",
  "hub copy",
  "hub restore",
] as const;
export type ChaosAct = (typeof CHAOS_ACTS)[number];

/** One thing that is done in a run. */
export interface Item {
  /** Names the item in texts, for ever, whatever else is left out. */
  readonly number: number;
  /** Pause before it, virtual milliseconds. */
  readonly afterMs: number;
  /** Who does it: `hub 0`, … each does one thing after the other. */
  readonly who: string;
  readonly hub: number;
  readonly act: HubAct | CloudAct | ChaosAct;
  /** Which record, by place among those that are known there. */
  readonly record: number;
  /** Something else that the act needs to be told, from 0 to below 1. */
  readonly detail: number;
}

/** What a simulation may contain beyond what every run may. */
export interface Switches {
  /** The cloud goes back to an earlier state; null: never. */
  readonly cloud: readonly RestoreMode[];
  /** A hub's store is put back to an earlier copy of its file. */
  readonly hub: boolean;
  /**
   * How late a commit in the cloud may show: `never`; `session`: late for those that it was not told to; `free`: a reader
   * may be shown less than it was told of by an earlier answer, and an old answer may be given again.
   */
  readonly late: Lateness;
}

/** See `Switches.late`. */
export type Lateness = "never" | "session" | "free";

/** All that a run does, apart from the order in which things that could happen do happen. */
export interface Plan {
  readonly seed: number;
  /** Another order of the same things. */
  readonly order: number;
  readonly hubs: number;
  /** Readings that the meter has. */
  readonly readings: number;
  readonly items: readonly Item[];
  readonly faults: FaultMix;
  /** How often a process dies at one of its calls, 0 to 1, and how many may die. */
  readonly crashRate: number;
  readonly crashes: number;
  readonly diskRate: number;
  /** Every statement inside a transaction is a place where others may go on, not only its beginning. */
  readonly fine: boolean;
  /** A dead worker's successor is started while the old one only sleeps, and wakes later. */
  readonly zombies: boolean;
  /** Each worker knows that no other process may use the store. */
  readonly alone: boolean;
  readonly workers: number;
  readonly longPoll: boolean;
  readonly everyMs: number;
  /** Longest one-way travel of a request, virtual milliseconds. */
  readonly travelMs: number;
  readonly page: number;
  readonly batch: number;
  /** Most changes that a hub puts into one push. */
  readonly ownBatch: number;
  readonly captures: boolean;
  readonly digest: boolean;
  /** Longest time for which a commit in the cloud stays unseen. */
  readonly lagMs: number;
  readonly late: Lateness;
  readonly restoreMode: RestoreMode;
  /** The cloud leaves changes out of its pages: no hub can do anything about that, and the simulator must find it. */
  readonly forgetful: boolean;
}

/** Draws the plan of a seed: a swarm, in which each run has other faults, actors and limits. */
export function planOf(seed: number, switches: Switches): Plan {
  const random = new Random(seed, "plan");
  const hubs = random.chance(0.3) ? 2 : 1;
  const mode = switches.cloud.length > 0 ? random.pick(switches.cloud) : "refuse-all";
  const restoreCloud = switches.cloud.length > 0 && random.chance(0.25);
  const restoreHub = switches.hub && random.chance(0.2);
  const alone = random.chance(0.6);
  return {
    seed,
    order: 0,
    hubs,
    readings: random.between(1, 6),
    items: itemsOf(random, hubs, { restoreCloud, restoreHub, stalls: random.chance(0.3), clocks: random.chance(0.2) }),
    faults: faultsOf(random),
    crashRate: random.chance(0.5) ? random.pick([0.003, 0.01, 0.03]) : 0,
    crashes: random.between(1, 4),
    diskRate: random.chance(0.1) ? 0.01 : 0,
    fine: random.chance(0.25),
    zombies: random.chance(0.3),
    alone,
    workers: alone
      ? 1
      : random.weighted([
          [1, 5],
          [2, 4],
          [3, 1],
        ]),
    longPoll: random.chance(0.3),
    everyMs: random.pick([3_000, 15_000, 60_000]),
    travelMs: random.pick([2, 20, 200]),
    page: random.pick([1, 2, 3, 500]),
    batch: random.pick([1, 2, 3, 1_000]),
    ownBatch: random.pick([1, 2, 1_000]),
    captures: random.chance(0.8),
    digest: random.chance(0.7),
    lagMs: random.chance(0.2) && switches.late !== "never" ? random.pick([100, 2_000, 20_000]) : 0,
    late: switches.late,
    restoreMode: mode,
    forgetful: false,
  };
}

function faultsOf(random: Random): FaultMix {
  const every = random.pick([0.2, 0.5, 1]);
  const kinds: Fault[] = FAULTS.filter(() => random.chance(every));
  return { kinds, rate: random.pick([0, 0.15, 0.4, 0.8]) };
}

interface Chaos {
  readonly restoreCloud: boolean;
  readonly restoreHub: boolean;
  readonly stalls: boolean;
  readonly clocks: boolean;
}

const HUB_WEIGHTS: readonly (readonly [HubAct, number])[] = [
  ["read meter", 3],
  ["edit", 8],
  ["edit two fields", 2],
  ["edit as seen", 2],
  ["add", 1],
  ["delete", 2],
  ["restore newest", 1],
  ["restore first", 1],
  ["undelete", 1],
  ["keep local", 2],
  ["keep remote", 3],
  ["edit for poison", 0.5],
  ["edit for malformed", 0.3],
  ["sync now", 2],
  ["storm", 0.5],
];

const CLOUD_WEIGHTS: readonly (readonly [CloudAct, number])[] = [
  ["cloud edits", 8],
  ["cloud edits two fields", 2],
  ["cloud clears", 1],
  ["cloud creates", 1],
  ["cloud deletes", 2],
  ["cloud undeletes", 1],
  ["cloud changes a value", 1],
  ["cloud insists", 0.5],
  ["cloud breaks a record", 0.3],
  ["cloud adds a field", 0.5],
  ["cloud touches", 0.5],
];

function itemsOf(random: Random, hubs: number, chaos: Chaos): Item[] {
  const items: Item[] = [];
  const add = (who: string, hub: number, act: Item["act"], afterMs: number): void => {
    items.push({ number: items.length, afterMs, who, hub, act, record: random.below(1_000), detail: random.next() });
  };
  const hubActs = HUB_WEIGHTS.map(([act, weight]) => [act, random.chance(0.2) ? 0 : weight] as const);
  const cloudActs = CLOUD_WEIGHTS.map(([act, weight]) => [act, random.chance(0.2) ? 0 : weight] as const);
  for (let hub = 0; hub < hubs; hub += 1) {
    // A second hub may know the readings from the cloud only.
    if (hub === 0 || random.chance(0.6)) {
      add(`meter ${hub}`, hub, "read meter", 0);
      for (let count = random.between(0, 2); count > 0; count -= 1)
        add(`meter ${hub}`, hub, "read meter", pause(random));
    }
    for (let person = random.below(2); person >= 0; person -= 1) {
      const count = random.between(2, 8);
      for (let at = 0; at < count; at += 1) add(`nurse ${hub}.${person}`, hub, random.weighted(hubActs), pause(random));
    }
  }
  const doctors = random.between(0, 8);
  for (let at = 0; at < doctors; at += 1) add("doctor", 0, random.weighted(cloudActs), pause(random));
  const anyHub = (): number => random.below(hubs);
  if (chaos.stalls)
    for (let count = random.between(1, 2); count > 0; count -= 1)
      add("chaos", anyHub(), random.pick(["stall worker", "stop worker", "second worker"] as const), pause(random));
  if (chaos.clocks)
    add("chaos", anyHub(), random.pick(["hub clock jumps", "cloud clock jumps"] as const), pause(random));
  if (chaos.restoreCloud) {
    if (random.chance(0.8)) add("chaos", 0, "cloud snapshot", pause(random));
    add("chaos", 0, "cloud restore", pause(random) + 500);
  }
  if (chaos.restoreHub) {
    const hub = anyHub();
    add("chaos", hub, "hub copy", pause(random));
    add("chaos", hub, "hub restore", pause(random) + 500);
  }
  return items;
}

/** Mostly short, so that things meet; now and then long, so that they don't. */
function pause(random: Random): number {
  const longest = random.weighted([
    [5, 3],
    [100, 3],
    [1_000, 3],
    [20_000, 1],
  ]);
  return random.below(longest + 1);
}
