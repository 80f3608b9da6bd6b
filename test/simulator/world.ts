import { derivedId } from "../../src/domain/identity.js";
import type { Store } from "../../src/store/store.js";
import type { CloudAnswer } from "./cloud-http.js";
import { Coverage } from "./coverage.js";
import { Hub } from "./hub.js";
import { ModelCloud, type Snapshot } from "./model-cloud.js";
import { hubIdOf } from "./names.js";
import type { Plan } from "./plan.js";
import type { Process } from "./process.js";
import { draw, Random } from "./random.js";
import { isBrokenContent, type Person } from "./readings.js";
import { Killed, Scheduler } from "./scheduler.js";
import { Trace } from "./trace.js";
import { Violation } from "./violation.js";

/** When every run begins, milliseconds since the Unix epoch. */
const BEGIN_MS = Date.UTC(2026, 2, 1, 8);

/** Everything that there is in one run. */
export class World {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly coverage = new Coverage();
  readonly cloud: ModelCloud;
  readonly hubs: Hub[] = [];
  /** Every store that was opened, to be closed at the end. */
  readonly stores: { readonly hub: Hub; readonly store: Store }[] = [];
  /** Answers that somebody in between may give again, by path. */
  readonly keptAnswers = new Map<string, CloudAnswer>();
  readonly snapshots: Snapshot[] = [];
  /** A copy of each hub's store, by the hub's number. */
  readonly copies = new Map<number, Buffer>();
  /** What a person was told is kept, and in which life of which store. */
  readonly answers: { readonly hub: Hub; readonly life: number; readonly id: string; readonly text: string }[] = [];
  /** Captures that a meter's reader was told are kept. */
  readonly captures: { readonly hub: Hub; readonly life: number; readonly id: string }[] = [];
  /** The first promise that was broken. */
  violation: Violation | null = null;
  /** No more faults, no more edits. */
  calm = false;
  /** The run is over; nobody begins anything. */
  over = false;
  outageUntil = 0;
  lockedUntil = 0;
  /** The cloud went back while a hub had no cursor yet that could be refused: it finds out by comparing only. */
  unnoticed = false;
  /** Answers that were not the newest. */
  oddAnswers = 0;
  /** How often a person in the cloud changed something. */
  cloudEdits = 0;
  cloudClockErrorMs = 0;
  /** What people, machines and straying requests have still to do. */
  flows = 0;
  readonly #names = new Map<string, string>();
  readonly #streams = new Map<string, Random>();
  #requests = 0;
  #ids = 0;
  #crashes = 0;
  #texts = 0;
  #outside: Promise<void> | null = null;

  constructor(plan: Plan, paths: readonly string[], verbose: boolean) {
    this.plan = plan;
    this.trace = new Trace(verbose);
    this.scheduler = new Scheduler(new Random(plan.seed, "order", plan.order));
    this.scheduler.onStep = (owner, what) => this.trace.tell(this.scheduler.nowMs, owner?.name ?? "-", what, true);
    this.cloud = new ModelCloud({
      wallMs: () => BEGIN_MS + this.scheduler.nowMs + this.cloudClockErrorMs,
      nowMs: () => this.scheduler.nowMs,
      lagMs: () => (plan.lagMs === 0 || this.calm ? 0 : this.below("lag", plan.lagMs)),
      free: plan.late === "free",
      forgetful: plan.forgetful,
      onReplace: (from, to) => this.guard(() => this.#hubOf(to.by)?.replaces(from, to)),
    });
    for (const [index, path] of paths.entries()) this.hubs.push(new Hub(this, index, path));
  }

  wallMs(): number {
    return BEGIN_MS + this.scheduler.nowMs;
  }

  tell(who: string, what: string): void {
    this.trace.tell(this.scheduler.nowMs, who, what);
  }

  /** Runs a check: a broken promise ends the run, and not the code that is being watched. */
  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.break(error);
    }
  }

  break(violation: Violation): void {
    if (this.violation !== null) return;
    this.violation = violation;
    this.tell("BROKEN", `${violation.invariant}: ${violation.message}`);
  }

  /** Starts somebody's doing beside all others. `counts`: the run does not end before it has. */
  launch(flow: () => unknown, counts = true): void {
    const weight = counts ? 1 : 0;
    this.flows += weight;
    const ended = (): void => {
      this.flows -= weight;
    };
    void (async () => flow())().then(ended, (error: unknown) => {
      ended();
      if (error instanceof Killed) return;
      this.break(error instanceof Violation ? error : new Violation("I13", unexpected(error)));
    });
  }

  /** Does something that is not simulated; nobody goes on until it is done. */
  async outside(work: () => Promise<void>): Promise<void> {
    const done = work();
    this.#outside = done.catch(() => undefined);
    await done;
  }

  /** Lets things happen until `done`. Throws the Violation that came up. */
  async until(done: () => boolean): Promise<void> {
    await this.scheduler.run(async () => {
      while (this.#outside !== null) {
        const work = this.#outside;
        await work;
        if (this.#outside === work) this.#outside = null;
      }
      if (this.violation !== null) throw this.violation;
      return done();
    });
  }

  /** Closes what was opened of that hub's stores, or of all (null). Its processes are dead. */
  async closeStores(hub: Hub | null): Promise<void> {
    for (let at = this.stores.length - 1; at >= 0; at -= 1) {
      const opened = this.stores[at];
      if (opened === undefined || (hub !== null && opened.hub !== hub)) continue;
      this.stores.splice(at, 1);
      await opened.store.close();
    }
  }

  /** A stream of numbers of its own. */
  stream(name: string): Random {
    const stream = this.#streams.get(name) ?? new Random(this.plan.seed, "world", name, this.plan.order);
    this.#streams.set(name, stream);
    return stream;
  }

  number(stream: string): number {
    return this.stream(stream).next();
  }

  below(stream: string, end: number): number {
    return this.stream(stream).below(end);
  }

  chance(stream: string, probability: number): boolean {
    return this.stream(stream).chance(probability);
  }

  /** How long a message travels one way, virtual milliseconds. */
  travel(): number {
    return 1 + this.below("travel", this.plan.travelMs);
  }

  nextRequest(): number {
    this.#requests += 1;
    return this.#requests;
  }

  get requests(): number {
    return this.#requests;
  }

  newId(): string {
    this.#ids += 1;
    return derivedId("simulator", "id", this.#ids);
  }

  /** True if the process dies at its call of that number. */
  crashes(process: Process, point: number): boolean {
    const { seed, crashRate, crashes } = this.plan;
    if (this.calm || crashRate === 0 || this.#crashes >= crashes) return false;
    // Of a hub's own process each death takes everything: it is rarer.
    const rate = process.role === "local" ? crashRate / 3 : crashRate;
    if (draw(seed, "crash", process.name, point) >= rate) return false;
    this.#crashes += 1;
    return true;
  }

  diskFails(process: Process, point: number): boolean {
    const { seed, diskRate } = this.plan;
    return !this.calm && diskRate > 0 && draw(seed, "disk", process.name, point) < diskRate;
  }

  /** A short name for people who read the story. */
  nameOf(id: string): string {
    return this.#names.get(id) ?? id.slice(0, 8);
  }

  name(id: string, name: string): void {
    this.#names.set(id, name);
  }

  /** Ids of all records that anybody made. */
  get known(): ReadonlyMap<string, string> {
    return this.#names;
  }

  /** A person in the cloud changes something, of a record that stands in the text where there is one. */
  editSomewhere(text: string | null): void {
    const all = [...this.cloud.records.values()];
    const meant = all.filter(({ id }) => text?.includes(id) === true);
    const state = (meant.length > 0 ? meant : all)[this.below("somewhere", Math.max(1, meant.length || all.length))];
    if (state === undefined) return;
    this.#texts += 1;
    const field = this.chance("patient", 0.3) ? "patient" : "note";
    this.cloudEdit(state.id, { [field]: `doctor, in passing, ${this.#texts}` }, null, "doctor");
  }

  /** A person in the cloud changes a record; null keeps `deleted` as it is. */
  cloudEdit(id: string, patch: Readonly<Record<string, unknown>>, deleted: boolean | null, by: Person): void {
    const state = this.cloud.records.get(id);
    if (state === undefined) return;
    this.cloudEdits += 1;
    const next = this.cloud.edit(id, state.kind, deleted ?? state.deleted, { ...state.fields, ...patch }, by);
    this.tell(by, `makes ${next.rev} of ${this.nameOf(id)}${next.deleted ? " deleted" : ""} ${JSON.stringify(patch)}`);
  }

  /** True if what the cloud has of that record is no record. */
  isBroken(id: string): boolean {
    const state = this.cloud.records.get(id);
    return state !== undefined && isBrokenContent(state);
  }

  #hubOf(id: string): Hub | undefined {
    return this.hubs.find((hub) => hubIdOf(hub.index) === id);
  }
}

function unexpected(error: unknown): string {
  return error instanceof Error ? `unexpected ${error.stack ?? error.message}` : `unexpected ${String(error)}`;
}
