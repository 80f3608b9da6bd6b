import type { Clock, Log } from "../domain/clock.js";
import { asProblem, type Problem } from "../domain/problem.js";
import { dropLease, type Lease, takeLease } from "../store/lease.js";
import type { Store } from "../store/store.js";
import { pauseAfter } from "./backoff.js";
import type { Cloud } from "./clouds/cloud.js";
import { type RoundMemory, type RoundReport, syncRound } from "./round.js";

const LEASE_MS = 60_000;
/** How long to leave another worker alone that holds the lease. */
const LEASE_PAUSE_MS = 10_000;

/** What the engine needs; all of it from outside. */
export interface EngineOptions {
  /** Opened in the sync role. */
  readonly store: Store;
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this worker in the lease. */
  readonly holder: string;
  /** This process alone may use the store: a lease left behind by a dead worker is taken over at once. */
  readonly alone: boolean;
  /** How long the lease lasts from its last use, milliseconds; longer than any single call to the cloud. Default 60,000. */
  readonly leaseMs?: number;
  /** Most changes in one push. Default: as many as the protocol allows. */
  readonly batch?: number;
  readonly newId: () => string;
  readonly random: () => number;
  /** Told after each round, and when the state changes. */
  readonly onState?: (state: EngineState) => void;
}

/** How the engine is. */
export interface EngineState {
  readonly state: "idle" | "running" | "waiting" | "blocked";
  /** Another worker on this store is the one that syncs; this one waits to take over. */
  readonly standby: boolean;
  /** The failure that is not over yet. */
  readonly problem: { readonly code: string; readonly message: string; readonly remedy: string } | null;
  /** What the last successful round did. */
  readonly last: RoundReport | null;
}

/** The sync worker's engine: rounds one after the other, when rung and when a pause is over. */
export interface Engine {
  /**
   * Asks for a round that begins after this call. Resolves when it has ended, well or not. While the cloud is away
   * it resolves at once, unless `now`: then the round is tried whatever the pause. `full`: that round compares every
   * record with the cloud.
   */
  ring(why: string, now?: boolean, full?: boolean): Promise<void>;
  state(): EngineState;
  /** Resolves when the cloud works (again) and this worker is the one that syncs. */
  healthy(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the engine; it does nothing until it is rung. */
export function startEngine(options: EngineOptions): Engine {
  const { store, cloud, clock, log } = options;
  const stopping = new AbortController();
  const memory: RoundMemory = {
    supported: true,
    refused: new Set(),
    comparedAtMs: 0,
    compareAtMs: 0,
    suspectedAtMs: Number.NEGATIVE_INFINITY,
  };
  let lease: Lease | null = null;
  let state: EngineState = { state: "idle", standby: false, problem: null, last: null };
  let failures = 0;
  let full = false;
  /** The next round is to be tried whatever the pause. */
  let urgent = false;
  let pausing: AbortController | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let waiters: (() => void)[] = [];

  function show(change: Partial<EngineState>): void {
    state = { ...state, ...change };
    options.onState?.(state);
    if (!isHealthy()) return;
    for (const waiter of waiters.splice(0)) waiter();
  }

  function isHealthy(): boolean {
    return state.problem === null && !state.standby;
  }

  async function round(): Promise<void> {
    show({ state: "running" });
    try {
      let again = true;
      while (again && !stopping.signal.aborted) {
        lease ??= await takeLease(store, {
          holder: options.holder,
          nowMs: clock.now(),
          durationMs: options.leaseMs ?? LEASE_MS,
          force: options.alone,
        });
        show({ standby: false });
        const everything = full;
        full = false;
        const report = await syncRound(
          { store, cloud, clock, log, lease, newId: options.newId, batch: options.batch, signal: stopping.signal },
          memory,
          everything,
        ).catch((error: unknown) => {
          full ||= everything;
          throw error;
        });
        failures = 0;
        again = report.again;
        show({ problem: null, last: report });
      }
      show({ state: "idle" });
    } catch (error) {
      if (stopping.signal.aborted) return;
      failed(asProblem(error));
    }
  }

  function failed(problem: Problem): void {
    if (problem.code === "LEASE_LOST") {
      // Nothing is wrong: one of several workers syncs, and it is another one. This one takes over when that one ends.
      if (!state.standby) log.info({ holder: options.holder }, problem.message);
      lease = null;
      show({ state: "waiting", standby: true, problem: null });
      pauseFor(LEASE_PAUSE_MS);
      return;
    }
    failures += 1;
    const pauseMs = pauseAfter(problem, failures, options.random());
    log.warn({ code: problem.code, failures, pauseMs: Math.round(pauseMs) }, problem.message);
    show({
      state: problem.retry === "user" ? "blocked" : "waiting",
      problem: { code: problem.code, message: problem.message, remedy: problem.remedy },
    });
    pauseFor(pauseMs);
  }

  function pauseFor(pauseMs: number): void {
    const pause = new AbortController();
    pausing = pause;
    void clock.sleep(pauseMs, pause.signal).then(
      () => {
        if (pausing !== pause) return;
        pausing = null;
        void ring("pause over");
      },
      () => undefined,
    );
  }

  async function ring(why: string, now = false, everything = false): Promise<void> {
    if (stopping.signal.aborted) return;
    full ||= everything;
    urgent ||= now;
    if (pausing !== null) {
      if (!now) return;
      pausing.abort();
      pausing = null;
    }
    log.debug({ why }, "sync rung");
    // A round that runs already may have looked before the change that rings: the one after it has not.
    next ??= (running ?? Promise.resolve()).then(() => {
      next = null;
      if (stopping.signal.aborted) return;
      // The round before may have failed since, and paused.
      if (pausing !== null) {
        if (!urgent) return;
        pausing.abort();
        pausing = null;
      }
      urgent = false;
      running = round().finally(() => {
        running = null;
      });
      return running;
    });
    await next;
  }

  return {
    ring,
    state: () => state,
    healthy: () => (isHealthy() ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
    async stop() {
      stopping.abort();
      pausing?.abort();
      await next;
      await running;
      for (const waiter of waiters.splice(0)) waiter();
      waiters = [];
      if (lease !== null) await dropLease(store, lease).catch(() => undefined);
    },
  };
}
