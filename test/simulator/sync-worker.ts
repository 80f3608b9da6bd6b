import { silentLog } from "../../src/domain/clock.js";
import type { Store } from "../../src/store/store.js";
import { nativeCloud } from "../../src/sync/clouds/native.js";
import { type Engine, type EngineState, startEngine } from "../../src/sync/engine.js";
import { longPoll } from "../../src/sync/long-poll.js";
import type { Hub } from "./hub.js";
import { CLOUD_URL, hubIdOf } from "./names.js";
import { fetchFor } from "./network.js";
import type { Process } from "./process.js";
import { Violation } from "./violation.js";
import type { World } from "./world.js";

/**
 * How often the same page is asked for before it is applied: it is rolled back three times at most for the sake of what
 * is written meanwhile. A comparison may be in between.
 */
const MOST_PAGES = 5;

/** What stood when a round began. */
interface RoundStart {
  readonly waiting: ReadonlyMap<string, number>;
  readonly visible: number;
  /** How many states the cloud had. */
  readonly states: number;
  readonly localCommits: number;
  readonly cloudEdits: number;
  readonly odd: number;
}

/** A sync worker: the engine as it ships, on a store of its own, with its timer, its bell and its long poll. */
export class SyncWorker {
  readonly process: Process;
  engine: Engine | null = null;
  store: Store | null = null;
  /** How many rounds ended well. */
  rounds = 0;
  readonly #world: World;
  readonly #hub: Hub;
  readonly #polling = new AbortController();
  #began: RoundStart | null = null;
  #last: EngineState["last"] = null;
  #rung = false;
  #page = "";
  #pages = 0;
  #stopped = false;

  constructor(world: World, hub: Hub, process: Process) {
    this.#world = world;
    this.#hub = hub;
    this.process = process;
  }

  async start(): Promise<void> {
    const world = this.#world;
    const store = await this.#hub.openStore(this.process);
    if (store === null || this.process.dead) return;
    this.store = store;
    const clock = this.process.clock();
    const cloud = nativeCloud({ url: CLOUD_URL, token: "secret", fetch: fetchFor(world, this.process) });
    const random = world.stream(`engine ${this.process.name}`);
    const engine = startEngine({
      store,
      cloud,
      clock,
      log: silentLog,
      holder: this.process.name,
      alone: world.plan.alone,
      batch: world.plan.ownBatch,
      newId: () => world.newId(),
      random: () => random.next(),
      onState: (state) => world.guard(() => this.#changed(state)),
    });
    this.engine = engine;
    if (world.plan.longPoll)
      void longPoll({ store, cloud, engine, clock, log: silentLog, signal: this.#polling.signal });
    void this.ring("start");
    void this.#timer();
  }

  /**
   * Rings; and where the round that was asked for ended well, holds it to have done what was there to do when it was
   * asked for. Resolves with the code of the problem that it ended with, `LEASE_LOST` where another worker syncs.
   */
  async ring(why: string, now = false, full = false): Promise<string | null> {
    const { engine } = this;
    if (engine === null) return null;
    const asked = this.#now();
    const rounds = this.rounds;
    await engine.ring(why, now, full);
    const { problem, standby } = engine.state();
    // A worker that is told to end breaks its round off.
    if (this.#stopped) return null;
    if (standby) return "LEASE_LOST";
    // One that was stopped in the middle did not end.
    if (problem !== null || this.process.dead || this.#stopped) return problem?.code ?? null;
    if (this.rounds > rounds) this.#world.guard(() => this.#isDone(asked));
    else if (engine.state().state === "idle")
      this.#world.break(new Violation("I14", `${this.process.name} was rung (${why}), and no round came of it`));
    return null;
  }

  /** The cloud told this worker of changes after that cursor. */
  toldAfter(path: string): void {
    this.#pages = path === this.#page ? this.#pages + 1 : 1;
    this.#page = path;
    if (this.#pages > MOST_PAGES)
      this.#world.break(new Violation("I14", `${this.process.name} asked ${this.#pages} times for ${path}`));
  }

  /** Something was changed at the hub. */
  bell(): void {
    const { scheduler } = this.#world;
    if (this.#rung || this.engine === null) return;
    this.#rung = true;
    const dueMs = scheduler.nowMs + this.#world.below("bell", 50);
    void scheduler.wait(this.process, "hears the bell", { dueMs }).then(
      () => {
        this.#rung = false;
        void this.ring("change");
      },
      () => undefined,
    );
  }

  /** Ends in order: lets go of the lease and closes the store. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#polling.abort();
    await this.engine?.stop();
    this.engine = null;
  }

  async #timer(): Promise<void> {
    const { scheduler, plan } = this.#world;
    try {
      while (!this.#stopped && !this.#world.over) {
        await scheduler.wait(this.process, "hears the timer", { dueMs: scheduler.nowMs + plan.everyMs });
        void this.ring("timer");
      }
    } catch {
      // It died.
    }
  }

  /** The engine shows `running` when a round begins, and again with another report when it has ended well. */
  #changed(state: EngineState): void {
    if (this.process.dead) return;
    if (state.state === "running") {
      if (state.last !== this.#last) this.#ended(state);
      this.#last = state.last;
      this.#began = this.#now();
      return;
    }
    // What came of the page is not known then: it was not applied, and not for anybody's writing.
    this.#pages = 0;
    const code = state.standby ? "LEASE_LOST" : (state.problem?.code ?? null);
    if (code === null) return;
    this.#world.coverage.count(`problem ${code}`);
    this.#world.tell(this.process.name, `${state.state}: ${code}`);
  }

  #now(): RoundStart {
    const world = this.#world;
    const waiting = new Map<string, number>();
    for (const [id, { now }] of this.#hub.ledger.records)
      if (now !== null && now.version > now.versionSynced) waiting.set(id, now.version);
    return {
      waiting,
      states: world.cloud.log.length,
      visible: world.cloud.visible(hubIdOf(this.#hub.index)),
      localCommits: this.#hub.localCommits,
      cloudEdits: world.cloudEdits,
      odd: world.oddAnswers,
    };
  }

  /** A round ended well: what it found to do is done. */
  #ended(state: EngineState): void {
    const [began, report] = [this.#began, state.last];
    if (began === null || report === null) return;
    const world = this.#world;
    this.rounds += 1;
    world.coverage.count("round");
    const honest = world.cloud.restores === 0 && world.plan.lagMs === 0 && world.oddAnswers === 0;
    if (report.unlisted > 0 && honest && this.#hub.ledger.lives === 1)
      throw new Violation("NOISE", `${this.process.name} takes the cloud for one that went back`);
    if (report.rollbacks > 0) world.coverage.count("rolled back", report.rollbacks);
    if (report.again) {
      const own = hubIdOf(this.#hub.index);
      const others = world.cloud.log.slice(began.states).some(({ hub }) => hub !== own);
      const reason = this.#hub.localCommits > began.localCommits || others;
      if (!reason && world.oddAnswers === began.odd)
        throw new Violation("I14", `${this.process.name} wants another round although nobody changed anything`);
      return;
    }
    this.#isDone(began);
  }

  #isDone(began: RoundStart): void {
    const world = this.#world;
    if (world.cloud.wentBackUnsaid) return;
    // Where the cloud shows late what stands in the way of a push, a round may give up: the next one goes on.
    const keptChanging = world.plan.late === "free" || world.cloudEdits > began.cloudEdits;
    if (world.plan.lagMs > 0 && keptChanging) return;
    for (const [id, version] of began.waiting) {
      const now = this.#hub.ledger.records.get(id)?.now;
      if (now === null || now === undefined) continue;
      if (now.versionSynced < version && (now.rejectedVersion ?? -1) < version && !world.isBroken(id))
        throw new Violation("I14", `${this.process.name} ended a round well and left version ${version} of ${id}`);
    }
    const place = this.#hub.ledger.cursor === null ? 0 : world.cloud.seqOf(this.#hub.ledger.cursor);
    if (place < began.visible && world.oddAnswers === began.odd)
      throw new Violation(
        "I14",
        `${this.process.name} ended a round well at ${place}, the cloud was at ${began.visible}`,
      );
  }
}
