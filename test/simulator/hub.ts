import Database from "better-sqlite3";
import { Store } from "../../src/store/store.js";
import { checkCommit } from "./invariants/after-commit.js";
import { checkReplaced } from "./invariants/replaced.js";
import { Ledger } from "./ledger.js";
import type { CloudState } from "./model-cloud.js";
import { Process } from "./process.js";
import { SyncWorker } from "./sync-worker.js";
import { Violation } from "./violation.js";
import type { World } from "./world.js";

/**
 * How often a hub may push a measured value over the same other one, in one version: the cloud's word stands when it
 * says so again, unless a person decides for the hub's, or another conflict comes with it.
 */
const MOST_TIMES = 4;

/** One hub: a store's file, the processes that work on it, its people's way in, and what is known of all it held. */
export class Hub {
  readonly name: string;
  readonly index: number;
  readonly path: string;
  readonly ledger: Ledger;
  /** Whose write transaction is open. */
  writer: Process | null = null;
  /** The hub's own process with its store; null while it is down. */
  local: { readonly process: Process; readonly store: Store } | null = null;
  workers: SyncWorker[] = [];
  /** How many commits people and meters made. */
  localCommits = 0;
  /** How many questions for changes reached the cloud. */
  questions = 0;
  /** The machine's clock minus the world's, milliseconds. */
  clockErrorMs = 0;
  readonly #world: World;
  readonly #pushedOver = new Map<string, number>();
  #file: Database.Database;
  #starts = 0;

  constructor(world: World, index: number, path: string) {
    this.#world = world;
    this.index = index;
    this.name = `hub ${index}`;
    this.path = path;
    this.#file = new Database(path, { readonly: true });
    this.ledger = new Ledger(this.#file);
    this.ledger.look();
  }

  wallMs(): number {
    return this.#world.wallMs() + this.clockErrorMs;
  }

  /** Starts the hub's process and its workers. */
  async start(): Promise<void> {
    const process = this.#process("local");
    const store = await this.#open(process);
    if (store === null) return;
    this.local = { process, store };
    for (let slot = 0; slot < this.#world.plan.workers; slot += 1) this.startWorker();
  }

  /** Starts one more worker. */
  startWorker(): void {
    const worker = new SyncWorker(this.#world, this, this.#process("sync"));
    this.workers.push(worker);
    this.#world.launch(() => worker.start());
  }

  /** Opens the store for a process; null if it died over it. */
  async openStore(process: Process): Promise<Store | null> {
    return this.#open(process);
  }

  /** A process died: with the hub's own, all do. What died is started again after a while. */
  died(process: Process): void {
    const world = this.#world;
    const whole = process.role === "local" || world.chance("whole hub", 0.2);
    if (!whole && world.plan.zombies && !process.writes && world.chance("zombie", 0.5)) {
      // Its successor is started although it only sleeps: it wakes with an old lease.
      world.coverage.count("zombie");
      process.stalledUntil = world.scheduler.nowMs + Math.floor(20_000 + 100_000 * world.number("zombie"));
      this.#startLater(() => this.startWorker());
      return;
    }
    if (!whole) {
      this.kill(process);
      this.#startLater(() => this.startWorker());
      return;
    }
    world.scheduler.kill(process);
    this.killAll();
    this.#startLater(() => world.launch(() => this.start()));
  }

  kill(process: Process): void {
    this.#world.scheduler.kill(process);
    this.workers = this.workers.filter((worker) => worker.process !== process);
  }

  /** Nothing of the hub runs on. */
  killAll(): void {
    for (const { process } of this.workers) this.#world.scheduler.kill(process);
    if (this.local !== null) this.#world.scheduler.kill(this.local.process);
    this.local = null;
    this.workers = [];
  }

  /** Holds what a commit left behind against the invariants, and rings for what people changed. Throws a Violation. */
  committed(process: Process): void {
    const fence = this.ledger.fence;
    const news = this.ledger.look();
    const world = this.#world;
    for (const { record, state } of news.states) {
      const { note } = state.content.fields;
      const what = `${world.nameOf(record.id)} ${state.origin} v${state.version}${state.content.deleted ? " deleted" : ""}`;
      world.tell(process.name, `committed ${what} ${String(note ?? "")}`);
      world.coverage.count(`state ${state.origin}`);
    }
    for (const { record } of news.changed) {
      const { now } = record;
      if (process.role === "sync" && now !== null)
        world.tell(
          process.name,
          `has ${world.nameOf(record.id)} v${now.version} synced ${now.versionSynced} rev ${now.rev} ${now.rejectedVersion === null ? "" : `rejected ${now.rejectedVersion}`}`,
        );
      if (now?.rejectedVersion != null) world.coverage.count("rejected");
    }
    for (const { field, local, remote } of news.conflicts) {
      world.tell(process.name, `listed a conflict of ${field}: here ${String(local)}, cloud ${String(remote)}`);
      world.coverage.count(`conflict ${field}`);
    }
    if (news.quarantined > 0) world.coverage.count("quarantined", news.quarantined);
    if (news.fence !== fence) world.tell(process.name, `took the lease, fence ${news.fence}`);
    if (news.cursor !== news.cursorBefore) world.tell(process.name, `moved the cursor to ${news.cursor}`);
    checkCommit(this.ledger, news, fence, process, world.cloud);
    if (process.role === "sync") return;
    this.localCommits += 1;
    for (const worker of this.workers) worker.bell();
  }

  /** Before the cloud stores what this hub pushed. Throws a Violation. */
  replaces(from: CloudState, to: CloudState): void {
    const [was, is] = [from.fields["value"], to.fields["value"]];
    if (was !== is && to.fields["source"] === "meter") {
      const version = this.ledger.records.get(from.id)?.now?.version;
      const war = `${this.name} pushes ${String(is)} over ${String(was)} of ${from.id} (version ${version})`;
      const times = (this.#pushedOver.get(war) ?? 0) + 1;
      this.#pushedOver.set(war, times);
      if (times > MOST_TIMES) throw new Violation("I14", `${war} for the ${times}th time`);
    }
    checkReplaced(this.ledger.records.get(from.id), from, to, this.#world.cloud.restores > 0);
  }

  /** The store's file as it stands. */
  copy(): Buffer {
    return this.#file.serialize();
  }

  /**
   * Exchanges the store for another one while nothing of the hub runs.
   *
   * @param exchange does it, with no connection open
   */
  async exchange(exchange: () => Promise<void>): Promise<void> {
    this.#file.close();
    await exchange();
    this.#file = new Database(this.path, { readonly: true });
    this.ledger.exchange(this.#file);
  }

  close(): void {
    this.#file.close();
  }

  #process(role: "local" | "sync"): Process {
    this.#starts += 1;
    return new Process(this.#world, this, role, `${this.name} ${role === "sync" ? "sync" : "main"}${this.#starts}`);
  }

  async #open(process: Process): Promise<Store | null> {
    try {
      const store = await Store.open({ path: this.path, role: process.role, probe: process.probe() });
      this.#world.stores.push({ hub: this, store });
      return store;
    } catch (error) {
      if (process.dead) return null;
      throw error;
    }
  }

  #startLater(start: () => void): void {
    const world = this.#world;
    world.launch(async () => {
      const dueMs = world.scheduler.nowMs + Math.floor(world.number("restart") ** 3 * 20_000);
      await world.scheduler.wait(null, "starts again", { dueMs });
      start();
    });
  }
}
