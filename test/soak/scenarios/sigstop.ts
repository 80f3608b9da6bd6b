import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { manualFields } from "../../../src/domain/manual.js";
import { addRecord, editRecord } from "../../../src/store/records.js";
import { Store } from "../../../src/store/store.js";
import { changeAtCloud } from "../at-cloud.js";
import { findFaults, sizeOf } from "../check.js";
import { MOMENTS, type Moment } from "../cloud-messages.js";
import { CLOUD_TOKEN, CloudUnderTest } from "../cloud-under-test.js";
import { ask, readCloud, readHub } from "../facts.js";
import { Ledger } from "../ledger.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { until } from "../until.js";
import { startWorker, type WorkerUnderTest } from "../worker-under-test.js";
import { demandNone } from "../world.js";

/** Long enough for a whole round of a worker that is not stopped. */
const LEASE_MS = 1_500;
const HUB = "hub-a";

/** A sync worker is stopped in the middle of a request until its lease is another's, and goes on. */
export const sigstop: Scenario = {
  name: "sigstop",
  what: "a sync worker stopped in a push or a pull past its lease, a second one takes over, the first goes on: it writes nothing",
  cyclesFor: (cycles) => Math.max(2, Math.round(cycles / 8)),
  cannot: () => null,
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { folder, random, cycles, story, say } = scene;
  for (const name of [HUB, "cloud"]) mkdirSync(join(folder, name));
  const path = join(folder, HUB, "glucohub.db");
  const cloud = new CloudUnderTest(join(folder, "cloud/cloud.db"), scene.seed);
  const ledger = new Ledger();
  const known: string[] = [];
  const workers: WorkerUnderTest[] = [];
  const moments = new Map<Moment, number>();
  await cloud.start();
  const store = await Store.open({ path, role: "local", hubId: HUB });
  const worker = async (holder: string): Promise<WorkerUnderTest> => {
    const made = await startWorker({ path, cloud: cloud.url, token: CLOUD_TOKEN, holder, leaseMs: LEASE_MS });
    workers.push(made);
    return made;
  };
  /** So many changes here, in the store itself (no hub runs), and so many in the cloud. */
  const changes = async (here: number, there: number): Promise<void> => {
    for (let index = 0; index < here; index += 1)
      await changeHere(store, ledger, known, random.chance(0.3) ? null : random.int(1e6));
    const signal = new AbortController().signal;
    for (let index = 0; index < there; index += 1)
      await changeAtCloud({ name: "doctor", ledger, random, known, pauseMs: 0, signal, cloud });
  };
  try {
    await changes(12, 4);
    let first = await worker("worker-0");
    demandIdle(await first.ring());
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const moment = MOMENTS[(cycle - 1) % MOMENTS.length] ?? "push-before";
      const hold = random.chance(0.5);
      const second = await worker(`worker-${cycle}`);
      await changes(1 + random.int(6), random.int(5));
      story.tell(`cycle ${cycle}: ${first.holder} is stopped at ${moment}${hold ? ", its request held" : ""}`);
      const struck = new Promise<Moment>((resolve) => {
        void cloud.arm({ pid: first.pid, signal: "SIGSTOP", moment, skip: 0, hold }, resolve);
      });
      const ended = first.ring();
      const early = await Promise.race([struck, ended]);
      if (typeof early !== "string") throw new Error(`the round ended before ${moment}: ${JSON.stringify(early)}`);
      await first.stopped();
      moments.set(moment, (moments.get(moment) ?? 0) + 1);
      await changes(random.int(6), random.int(5));
      await demandRefused(path, second);
      await until("the lease to run out", 10 * LEASE_MS, async () => (await leaseOf(path)).expiresAt < Date.now());
      demandIdle(await second.ring());
      const before = digest(path);

      first.signal("SIGCONT");
      await cloud.order({ type: "release" });
      const late = await ended;
      if (!late.lost) throw new Error(`the worker that had lost its lease ended with ${JSON.stringify(late)}`);
      if (digest(path) !== before) throw new Error("the worker that had lost its lease wrote to the store");
      await first.end();
      if (digest(path) !== before) throw new Error("the worker that had lost its lease wrote to the store at its end");
      // What of the first one's request reached the cloud after the second one's round is settled by another.
      demandIdle(await second.ring());
      demandNone(findFaults(await evidence()));
      first = second;
      say(`sigstop: ${cycle} of ${cycles}: ${moment}, nothing written`);
    }
    await first.end();
    const all = await evidence();
    await store.close();
    await cloud.stop();
    const more = [...moments].map(([moment, count]) => `${moment} ${count}`).join(", ");
    return {
      cycles,
      more,
      ...sizeOf(all),
      atHubs: ledger.count(),
      atCloud: ledger.count("cloud"),
      unanswered: ledger.unanswered,
      refused: ledger.refusedBy(),
      faults: cloud.faults,
    };
  } finally {
    for (const { signal, kill } of workers) {
      signal("SIGCONT");
      kill();
    }
    cloud.kill();
  }

  async function evidence() {
    return { hubs: [await readHub(HUB, path)], cloud: await readCloud(cloud.path), ledger, gaps: [] };
  }
}

/** Adds a record, or edits the one that `choice` names. */
async function changeHere(store: Store, ledger: Ledger, known: string[], choice: number | null): Promise<void> {
  const text = ledger.word("nurse");
  const askedAt = Date.now();
  const author = { by: "nurse", why: "edit", at: new Date(askedAt).toISOString() };
  const common = { side: HUB, text, field: "note", onto: null, askedAt } as const;
  const edited = choice === null ? undefined : known[choice % Math.max(1, known.length)];
  if (edited === undefined) {
    const id = crypto.randomUUID();
    const fresh = manualFields(id, "glucose", { value: 100, unit: "mg/dL", note: text }, askedAt);
    await addRecord(store, { id, ...fresh, raw: null }, author);
    known.push(id);
    ledger.acknowledged.push({ ...common, record: id, act: "add", answeredAt: Date.now() });
    return;
  }
  // A record that was made in the cloud may not be here yet.
  if ((await ask(store.path, `SELECT 1 FROM records WHERE id = '${edited}'`)).length === 0) return;
  await editRecord(store, edited, { note: text }, author);
  ledger.acknowledged.push({ ...common, record: edited, act: "edit", answeredAt: Date.now() });
}

/** While the lease of the stopped worker lasts, the other one must leave the store alone. */
async function demandRefused(path: string, second: WorkerUnderTest): Promise<void> {
  const { expiresAt } = await leaseOf(path);
  if (expiresAt - Date.now() < LEASE_MS / 3) return;
  const answer = await second.ring();
  if (!answer.lost && expiresAt > Date.now())
    throw new Error(`a second worker synced while the first one held the lease: ${JSON.stringify(answer)}`);
}

async function leaseOf(path: string): Promise<{ readonly expiresAt: number }> {
  const [lease] = await ask(path, "SELECT expires_at FROM lease WHERE name = 'sync'");
  return { expiresAt: Number(lease?.["expires_at"] ?? 0) };
}

function demandIdle(answer: { readonly lost: boolean; readonly problem: string | null }): void {
  if (answer.lost || answer.problem !== null) throw new Error(`a round did not go well: ${JSON.stringify(answer)}`);
}

/** The whole content of the store, by the sqlite3 program. */
function digest(path: string): string {
  const dump = execFileSync("sqlite3", [path, ".dump"], { maxBuffer: 1_024 * 1_024 * 1_024 });
  return createHash("sha256").update(dump).digest("hex");
}
