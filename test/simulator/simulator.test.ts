import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Coverage } from "./coverage.js";
import { FAULTS } from "./faults.js";
import { CLOUD_ACTS, HUB_ACTS, planOf } from "./plan.js";
import { run } from "./run.js";
import { DEFAULT_SWITCHES } from "./simulate.js";
import { makeTemplates } from "./templates.js";

const MAIN = resolve(import.meta.dirname, "../../dist/test/simulator/main.js");
const SEEDS = Number(process.env["GLUCOHUB_SIMULATE_SEEDS"] ?? "10000");
const PROCESSES = 2;
/** How many seeds of each process are run again here, to see that they are the same. */
const AGAIN = 100;
/** With fewer seeds than this, what is rare may not come up. */
const ENOUGH = 5_000;

interface Report {
  readonly ran: number;
  readonly failed: number | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly hashes: readonly (readonly [number, string])[];
}

/** Runs each second seed in a process of its own; what it reports. */
async function reportOf(index: number): Promise<Report> {
  const seeds = Math.ceil((SEEDS - index) / PROCESSES);
  const settings = ["--from", 1 + index, "--seeds", seeds, "--step", PROCESSES, "--json", "--hashes", AGAIN].map(
    String,
  );
  const child = spawn(process.execPath, [MAIN, ...settings], { stdio: ["ignore", "pipe", "pipe"] });
  let [said, complained] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    complained += bytes.toString();
  });
  await new Promise((ended) => child.once("close", ended));
  if (said === "") throw new Error(`${join("dist/test/simulator", "main.js")} said nothing but: ${complained}`);
  return JSON.parse(said) as Report;
}

describe("the simulation of the sync engine", { timeout: 900_000 }, () => {
  const reports: Report[] = [];
  const coverage = new Coverage();

  beforeAll(async () => {
    reports.push(...(await Promise.all(Array.from({ length: PROCESSES }, (_, index) => reportOf(index)))));
    for (const { counts } of reports) coverage.add(counts);
  }, 900_000);

  test("finds no promise broken, in as many runs as were asked for", () => {
    const failed = reports.flatMap((report) => (report.failed === null ? [] : [report.failed]));
    expect(failed.map((seed) => `npm run simulate -- --seed ${seed}`)).toEqual([]);
    expect(reports.reduce((sum, { ran }) => sum + ran, 0)).toBe(SEEDS);
  });

  test("gives the same run for the same seed, in another process and in another order", async () => {
    const templates = await makeTemplates();
    try {
      const told = new Map(reports.flatMap(({ hashes }) => hashes));
      const seeds = [...told.keys()].sort((a, b) => b - a);
      expect(seeds.length).toBe(Math.min(SEEDS, PROCESSES * AGAIN));
      for (const seed of seeds)
        expect([seed, (await run(planOf(seed, DEFAULT_SWITCHES), templates)).hash]).toEqual([seed, told.get(seed)]);
    } finally {
      templates.remove();
    }
  });

  describe.skipIf(SEEDS < ENOUGH)("did everything that it can do", () => {
    const share = SEEDS / 10_000;
    const often = (what: string, times: number): void => {
      expect([what, coverage.counts.get(what) ?? 0].join(": ")).toSatisfy(
        () => (coverage.counts.get(what) ?? 0) >= times * share,
      );
    };

    test.each(FAULTS.filter((fault) => fault !== "stale"))("the fault %s", (fault) => often(`fault ${fault}`, 300));

    test.each(HUB_ACTS)("at the hub: %s", (act) => often(`act ${act}`, 300));

    test.each(CLOUD_ACTS)("in the cloud: %s", (act) => often(`act ${act}`, 300));

    test.each([
      "act stall worker",
      "act stop worker",
      "act second worker",
      "act hub clock jumps",
      "act cloud clock jumps",
      "zombie",
    ])("to the machines: %s", (what) => often(what, 100));

    test.each([
      ["state local", 20_000],
      ["state cloud", 5_000],
      ["state merge", 3_000],
      ["rolled back", 300],
      ["rejected", 300],
      ["quarantined", 300],
      ["conflict note", 300],
      ["conflict patient", 100],
      ["conflict time", 100],
      ["conflict meal", 30],
      ["conflict value", 100],
      ["conflict deleted", 100],
      ["answer 400", 30],
      ["answer 404", 100],
      ["answer 410", 100],
      ["answer 413", 300],
      ["answer broken off", 100],
      ["cloud restore refuse-all", 100],
      ["cloud restore refuse-lost", 100],
      ["cloud restore silent", 100],
      ["hub restored", 100],
      ["problem LEASE_LOST", 100],
      ["problem STORE_FULL", 100],
      ["resolved local", 100],
      ["resolved remote", 100],
      ["equal after 1", 1_000],
      ["equal after 2", 100],
    ] as const)("outcome: %s", (what, times) => often(what, times));

    test.each([
      "sync: begin",
      "sync: before commit",
      "sync: after commit",
      "sync: read",
      "sync: before a request is sent",
      "sync: the cloud has its request",
      "sync: before the answer is read",
      "sync: insert records",
      "sync: update records",
      "sync: insert history",
      "sync: insert conflicts",
      "sync: insert sync_state",
      "sync: update lease",
      "sync: update captures",
      "local: begin",
      "local: before commit",
      "local: after commit",
      "local: read",
      "local: insert records",
      "local: update records",
      "local: insert captures",
    ])("a death at %s", (point) => often(`crash ${point}`, 2));
  });
});
