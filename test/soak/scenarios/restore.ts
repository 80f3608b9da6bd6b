import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Gap } from "../check.js";
import { ask } from "../facts.js";
import { quietlyReverted, type Snapshot, snapshotOfCloud, snapshotOfHub } from "../reverted.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { passTime, until } from "../until.js";
import { demandNone, World } from "../world.js";

const FAULT_RATE = 0.05;
const CROWD = { atEachHub: 2, atCloud: 2, pauseMs: 60 };
const KINDS = ["hub", "cloud", "wiped"] as const;

/** One side's file is exchanged for an older copy, or for none, while the other side goes on. */
export const restore: Scenario = {
  name: "restore",
  what: "the hub restored from a backup, the cloud from an older copy, or wiped, while the other side goes on",
  cyclesFor: (cycles) => Math.max(3, Math.round(cycles / 10)),
  cannot: () => null,
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { cycles, random, story, say } = scene;
  const world = await World.open(scene);
  const done = { hub: 0, cloud: 0, wiped: 0 };
  try {
    await world.hub.start();
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const kind = KINDS[(cycle - 1) % KINDS.length] ?? "hub";
      const quiet = random.chance(0.5);
      story.tell(`cycle ${cycle}: ${kind}${quiet ? ", when both sides are equal" : ", in the middle of it all"}`);
      await world.cloud.setFaults(FAULT_RATE);
      world.crowd(CROWD);
      await passTime(800 + random.int(1_500));
      const pauses = { quiet, moreMs: 500 + random.int(2_000), aloneMs: 300 + random.int(1_200) };
      const { gap, snapshot } =
        kind === "hub" ? await restoreHub(scene, world, cycle, pauses) : await restoreCloud(scene, world, kind, pauses);
      world.gaps.push(gap);
      world.crowd(CROWD);
      await passTime(1_000);
      const evidence = await world.check();
      demandNone(quietlyReverted(snapshot, gap.toMs, evidence));
      done[kind] += 1;
      say(`restore: ${cycle} of ${cycles}: ${kind}, both sides have what one of them still had`);
    }
    return await world.finish(
      cycles,
      `hub restored ${done.hub}, cloud restored ${done.cloud}, cloud wiped ${done.wiped}`,
    );
  } finally {
    await world.close();
  }
}

/** How long people go on, and whether both sides are equal before the file is exchanged. */
interface Pauses {
  readonly quiet: boolean;
  readonly moreMs: number;
  readonly aloneMs: number;
}

/** The hub goes back to a backup; people edit in the cloud meanwhile, and at the restored hub before it runs. */
async function restoreHub(
  { folder, short, story }: Scene,
  world: World,
  cycle: number,
  { quiet, moreMs, aloneMs }: Pauses,
): Promise<{ gap: Gap; snapshot: Snapshot }> {
  const { hub, ledger } = world;
  const file = join(folder, `backup-${cycle}.db`);
  const fromMs = Date.now();
  await must(hub.command("backup", file));
  await passTime(moreMs);
  if (quiet) await world.settle();
  await world.quietDown();
  await hub.end(quiet ? "SIGTERM" : "SIGKILL");
  const toMs = Date.now();
  await must(hub.command("restore-backup", file));
  story.tell(`cycle ${cycle}: restored`);
  const { cloud } = await world.evidence();
  const snapshot = snapshotOfCloud(cloud);
  world.crowd({ ...CROWD, atEachHub: 0 });
  for (const id of world.known.slice(0, short ? 1 : 3)) {
    const text = ledger.word("clerk");
    const askedAt = Date.now();
    const { status } = await hub.command("edit", id, "--set", `note=${text}`);
    // Made after the backup: this store does not know it yet.
    if (status !== 0) continue;
    ledger.acknowledged.push({
      side: hub.name,
      record: id,
      act: "edit",
      text,
      field: "note",
      onto: null,
      askedAt,
      answeredAt: Date.now(),
    });
  }
  await passTime(aloneMs);
  await world.quietDown();
  await hub.start();
  return { gap: { side: hub.name, fromMs, toMs }, snapshot };
}

/** The cloud goes back to an older copy, or to nothing; people edit there before the hub is let in again. */
async function restoreCloud(
  { folder, story }: Scene,
  world: World,
  kind: "cloud" | "wiped",
  { quiet, moreMs, aloneMs }: Pauses,
): Promise<{ gap: Gap; snapshot: Snapshot }> {
  const { hub, cloud } = world;
  const copy = join(folder, "older-cloud.db");
  let fromMs = 0;
  if (kind === "cloud") {
    await cloud.stop();
    rmSync(copy, { force: true });
    copyFileSync(cloud.path, copy);
    if (existsSync(`${cloud.path}-wal`)) throw new Error("the cloud left a journal behind");
    fromMs = Date.now();
    await cloud.start(FAULT_RATE);
  }
  await passTime(moreMs);
  if (kind === "cloud") await pulledPast(hub.path, copy);
  if (quiet) await world.settle();
  await world.quietDown();
  await cloud.stop();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${cloud.path}${suffix}`, { force: true });
  if (kind === "cloud") copyFileSync(copy, cloud.path);
  const toMs = Date.now();
  story.tell(`the cloud is ${kind === "cloud" ? "restored" : "wiped"}`);
  world.crowd({ ...CROWD, atCloud: 0 });
  await passTime(aloneMs);
  await world.quietDown();
  // Nobody but people at the desk gets in.
  await cloud.start(1, ["reset"]);
  world.crowd({ ...CROWD, atEachHub: 0 });
  await passTime(aloneMs);
  await world.quietDown();
  const { hubs } = await world.evidence();
  const [facts] = hubs;
  if (facts === undefined) throw new Error(`${hub.name} has no file`);
  await cloud.setFaults(FAULT_RATE);
  return { gap: { side: "cloud", fromMs, toMs }, snapshot: snapshotOfHub(facts) };
}

/**
 * Waits until the hub has pulled something that the copy does not hold. In the moment between a push and the pull that
 * follows, what the hub was told is not behind its cursor yet, and a cloud that goes back just then is not noticed: the
 * one hole that is known, and left open here.
 */
async function pulledPast(path: string, copy: string): Promise<void> {
  await until("the hub to pull what the copy of the cloud lacks", 60_000, async () => {
    const [state] = await ask(path, "SELECT value FROM sync_state WHERE name = 'cursor'");
    const rev = String(state?.["value"] ?? "").split(".")[2] ?? "";
    const sql = `SELECT 1 FROM records WHERE rev = '${rev}' UNION ALL SELECT 1 FROM states WHERE rev = '${rev}'`;
    return rev !== "" && (await ask(copy, sql)).length === 0;
  });
}

async function must(command: Promise<{ readonly status: number | null; readonly stderr: string }>): Promise<void> {
  const { status, stderr } = await command;
  if (status !== 0) throw new Error(`a command ended with ${status}: ${stderr}`);
}
