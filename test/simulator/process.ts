import type { Clock } from "../../src/domain/clock.js";
import type { StoreProbe } from "../../src/store/backend.js";
import type { Hub } from "./hub.js";
import { hubIdOf } from "./names.js";
import { Killed, type Owner } from "./scheduler.js";
import { Violation } from "./violation.js";
import type { World } from "./world.js";

/**
 * A process of a hub with one connection to its store: the hub itself (`local`) or a sync worker (`sync`). It can die at
 * any of its calls, and then nothing that its code still does has any effect.
 */
export class Process implements Owner {
  readonly name: string;
  readonly role: "local" | "sync";
  readonly hub: Hub;
  readonly hubId: string;
  dead = false;
  stalledUntil = 0;
  /** Fence of the lease that it took last. */
  fence: number | null = null;
  readonly #world: World;
  #points = 0;
  #committing = false;
  #beganMs = 0;

  constructor(world: World, hub: Hub, role: "local" | "sync", name: string) {
    this.#world = world;
    this.hub = hub;
    this.hubId = hubIdOf(hub.index);
    this.role = role;
    this.name = name;
  }

  /** True while it holds the store's write transaction. */
  get writes(): boolean {
    return this.hub.writer === this;
  }

  /** Stands between its store and the database. */
  probe(): StoreProbe {
    const world = this.#world;
    return {
      begin: async () => {
        this.point("begin");
        await world.scheduler.wait(this, "begins", {
          ready: () => this.hub.writer === null,
          onGo: () => {
            this.hub.writer = this;
            this.#beganMs = world.scheduler.nowMs;
          },
        });
      },
      statement: async (sql) => {
        this.point(this.writes ? labelOf(sql) : "read");
        if (this.writes) this.#failOfDisk();
        if (!this.writes || world.plan.fine) await world.scheduler.wait(this, this.writes ? labelOf(sql) : "reads");
      },
      commit: async () => {
        this.point("before commit");
        if (world.plan.fine) await world.scheduler.wait(this, "commits");
        this.#committing = true;
      },
      end: () => {
        this.hub.writer = null;
        world.guard(() => this.#checkPause());
        if (!this.#committing) return;
        this.#committing = false;
        world.guard(() => this.hub.committed(this));
        if (!this.dead && world.crashes(this, this.#points++)) this.#die("after commit");
      },
    };
  }

  /** Wall time of its machine, and pauses on virtual time that never end once it is dead. */
  clock(): Clock {
    return {
      now: () => this.hub.wallMs(),
      sleep: async (ms, signal) => {
        if (this.dead) return new Promise(() => {});
        const { scheduler } = this.#world;
        const options = { dueMs: scheduler.nowMs + Math.max(0, ms), ...(signal === undefined ? {} : { signal }) };
        try {
          await scheduler.wait(this, `slept ${Math.round(ms)} ms`, options);
        } catch (error) {
          if (error instanceof Killed) return new Promise(() => {});
          throw error;
        }
      },
    };
  }

  /** A moment at which it may die. Throws Killed if it does, or did. */
  point(where: string): void {
    if (this.dead) throw new Killed(where);
    if (!this.#world.crashes(this, this.#points++)) return;
    this.#die(where);
    // One that only sleeps goes on when it wakes.
    if (this.dead) throw new Killed(where);
  }

  #die(where: string): void {
    this.#world.coverage.count(`crash ${this.role}: ${where}`);
    this.#world.tell(this.name, `dies (${where})`);
    this.hub.died(this);
  }

  /** While a transaction is open nothing is waited for: neither the cloud nor a pause. */
  #checkPause(): void {
    const ms = this.#world.scheduler.nowMs - this.#beganMs;
    if (ms > 0) throw new Violation("I13", `${this.name} kept others from writing for ${ms} ms`);
  }

  #failOfDisk(): void {
    if (!this.#world.diskFails(this, this.#points)) return;
    this.#world.coverage.count("fault disk-full");
    this.#world.tell(this.name, "finds the disk full");
    throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  }
}

/** What a statement does to which table. */
function labelOf(sql: string): string {
  const [, verb, table] = /^(\w+)(?:.*?(?:from|into|update) |\s+)"?(\w+)"?/i.exec(sql) ?? [];
  return `${verb ?? "?"} ${table ?? "?"}`.toLowerCase();
}
