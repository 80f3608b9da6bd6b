import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { onetouchUltra2 } from "../../../drivers/onetouch-ultra2/index.js";
import { onetouchUltraMini } from "../../../drivers/onetouch-ultramini/index.js";
import { type Background, inBackground } from "../background.js";
import { type DroppedFiles, makeDroppedFiles } from "../dropped-files.js";
import { ask } from "../facts.js";
import { mostResident } from "../hub-memory.js";
import { drop, misplaced, refusalOf, waitingIn } from "../inbox-folder.js";
import { type RepluggedMeter, repluggedMeter, unlikeMemory } from "../replugged-meter.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { countAll, differences, tallyStore } from "../tallies.js";
import { passTime, until } from "../until.js";
import { timesText, watchWaiting } from "../waiting-times.js";
import { demandNone, World } from "../world.js";

const FAULT_RATE = 0.02;
/** Nothing in the big export is older; what people hand in meanwhile is. */
const APPLE_FROM = "2017-11-01";
const BULK = `json_extract(h.fields, '$.source') = 'healthkit' AND h.time >= '${APPLE_FROM}'`;
/** How many records people know of at most, so that they come back to the same ones. */
const MOST_KNOWN = 200;
/** How long a meter's read may take, with a death of the hub in it, milliseconds. */
const METER_MS = 180_000;
/** Longest pause between two looks at how far the import is; each is a process of its own. */
const LOOK_MS = 500;
/** How long it may all take for each megabyte, milliseconds, and besides. */
const MS_A_MEGABYTE = 2_000;
const AT_LEAST_MS = 120_000;

/** Years of health data are dropped into the inbox while everything else goes on, and the hub is killed in the middle. */
export const bigImport: Scenario = {
  name: "import",
  what: "a big Apple Health export and other files in the inbox, kill -9 in the middle, while meters are read and both sides edit: all is there once",
  cyclesFor: () => 1,
  cannot: () => (spawnSync("awk", ["BEGIN { exit 0 }"]).status === 0 ? null : "There is no awk on this machine."),
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { folder, megabytes, seed, story, say } = scene;
  const patienceMs = AT_LEAST_MS + megabytes * MS_A_MEGABYTE;
  const inbox = join(folder, "inbox");
  const files = await makeDroppedFiles(join(folder, "files"), megabytes, seed);
  say(
    `import: ${mb(files.appleBytes)} MB with ${files.appleRecords} records to import, and ${files.sound.length} files`,
  );
  const bulk = { condition: BULK, apart: join(folder, "apart.db"), quietMs: patienceMs };
  const world = await World.open(scene, ["hub-a"], { GLUCOHUB_INBOX: inbox }, bulk);
  const { hub, ledger, cloud } = world;
  const leave = new AbortController();
  const { signal } = leave;
  try {
    await hub.start();
    const meters = [onetouchUltra2, onetouchUltraMini].map((driver, index) =>
      repluggedMeter({ driver, hub, seed: seed + index, patienceMs: METER_MS }),
    );
    await Promise.all(meters.map((meter) => meter.readOnce(signal)));
    const alone = meters.flatMap(({ tookMs }) => tookMs);

    await cloud.setFaults(FAULT_RATE);
    world.crowd({ atEachHub: 2, atCloud: 1, pauseMs: 300 });
    const waiting = watchWaiting(hub, ledger, signal);
    const lives = [waiting.over, meetNewcomers(world, signal), ...meters.map((meter) => meter.goOn(signal))];
    const background = inBackground(lives);
    for (const path of [...files.sound, files.bad]) drop(path, inbox);
    story.tell("the files are dropped");
    const imported = await importWithDeath(scene, world, { files, inbox, patienceMs, background });
    const times = [`GET /healthz ${timesText(waiting.healthz)}`, `PATCH ${timesText(waiting.patch)}`];
    leave.abort();
    await background.over;
    const during = meters.flatMap(({ tookMs }) => tookMs.slice(1));
    if (during.length === 0) throw new Error("no meter was read while files were imported");
    await readToTheEnd(meters);
    const memory = Math.max(imported.memory, mostResident(hub.pid));

    const quietAt = performance.now();
    const evidence = await world.check();
    say(`import: hub and cloud are equal and looked through ${secondsSince(quietAt).toFixed(1)} s later`);
    const there = await tallyStore(hub.path, APPLE_FROM);
    const unlike = await Promise.all(meters.map((meter) => unlikeMemory(hub.path, meter.serial, meter.rest())));
    demandNone([
      ...differences(files.written, there),
      ...unlike.filter((fault) => fault !== null),
      ...misplaced(inbox, files.sound, files.bad),
      ...(await notUnderstood(hub.path)),
    ]);
    const single = evidence.cloud.records.size;
    if (single > files.appleRecords / 2)
      throw new Error(`${single} records were looked at one by one: next to nothing was compared in bulk`);
    const told = [
      `${countAll(there)} samples of ${files.sound.length} files there once`,
      imported.text,
      ...times,
      `${during.length} reads of meters in ${readsText(during)}, before the import in ${readsText(alone)}`,
      `most memory of the hub ${mb(memory)} MB`,
    ];
    return await world.finish(1, told.join(", "));
  } finally {
    leave.abort();
    await world.close();
  }
}

/** Waits until the big file is being imported, kills the hub, starts it again and waits until the inbox is empty. */
async function importWithDeath(
  { megabytes, random, story, say }: Scene,
  { hub }: World,
  {
    files: { apple, appleBytes, appleRecords },
    inbox,
    patienceMs,
    background,
  }: { files: DroppedFiles; inbox: string; patienceMs: number; background: Background },
): Promise<{ readonly text: string; readonly memory: number }> {
  const demandTaken = (): void => {
    background.demand();
    const refusal = refusalOf(inbox, apple);
    if (refusal !== null) throw new Error(`the big file was refused: ${refusal}`);
  };
  const share = 0.25 + random.int(45) / 100;
  const droppedAt = performance.now();
  const killedWith = await until("the import to come to its middle", patienceMs, async () => {
    demandTaken();
    await passTime(Math.min(LOOK_MS, megabytes * 5));
    const count = await newestRow(hub.path);
    return count >= share * appleRecords ? count : null;
  });
  const beforeS = secondsSince(droppedAt);
  const memory = mostResident(hub.pid);
  await hub.end("SIGKILL");
  if (!waitingIn(inbox).includes(apple)) throw new Error("the big file was imported before the hub was killed");
  if (killedWith > 0.95 * appleRecords) throw new Error(`nearly all had been imported: ${killedWith}`);
  story.tell(`killed with ${killedWith} records`);
  say(`import: killed after ${beforeS.toFixed(1)} s with ${killedWith} records in the store`);
  await hub.start();
  const startedAt = performance.now();
  let appleS = 0;
  const emptied = (): boolean => {
    demandTaken();
    const names = waitingIn(inbox);
    if (appleS === 0 && !names.includes(apple)) appleS = secondsSince(startedAt);
    return names.length === 0;
  };
  await until("the inbox to be empty", patienceMs, emptied, () => waitingIn(inbox).join(", "));
  story.tell("the inbox is empty");
  say(`import: the inbox is empty ${secondsSince(startedAt).toFixed(1)} s after the start`);
  const [bytesPerS, recordsPerS] = [appleBytes / appleS, appleRecords / appleS].map(Math.round);
  const text = `${mb(appleBytes)} MB in ${appleS.toFixed(1)} s after the kill (${mb(bytesPerS ?? 0)} MB and ${recordsPerS} records a second; until the kill ${Math.round(killedWith / beforeS)} records)`;
  return { text, memory };
}

/** Lets people know of what is imported, so that they edit it. */
async function meetNewcomers({ hub, known }: World, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && known.length < MOST_KNOWN) {
    for (const row of await ask(hub.path, "SELECT id FROM records ORDER BY row DESC LIMIT 2")) {
      const id = String(row["id"]);
      if (!known.includes(id)) known.push(id);
    }
    await passTime(LOOK_MS, signal);
  }
}

/** No test comes any more, and each meter is read once again. */
async function readToTheEnd(meters: readonly RepluggedMeter[]): Promise<void> {
  for (const meter of meters) meter.rest();
  await Promise.all(meters.map((meter) => meter.readOnce(new AbortController().signal)));
}

/** What no import may leave behind here, a sentence each. */
async function notUnderstood(path: string): Promise<string[]> {
  const rows = await ask(path, "SELECT origin || ': ' || detail AS fault FROM quarantine");
  return rows.map((row) => `not understood: ${String(row["fault"])}`);
}

/** As many records as that were ever made in the store. */
async function newestRow(path: string): Promise<number> {
  const [row] = await ask(path, "SELECT max(row) AS row FROM records");
  return Number(row?.["row"] ?? 0);
}

/** Mean and longest of some reads. */
function readsText(tookMs: readonly number[]): string {
  const mean = tookMs.reduce((sum, ms) => sum + ms, 0) / tookMs.length;
  return `${(mean / 1_000).toFixed(1)} s, longest ${(Math.max(...tookMs) / 1_000).toFixed(1)} s`;
}

function mb(bytes: number): string {
  return bytes < 1e7 ? (bytes / 1e6).toFixed(1) : String(Math.round(bytes / 1e6));
}

function secondsSince(since: number): number {
  return (performance.now() - since) / 1_000;
}
