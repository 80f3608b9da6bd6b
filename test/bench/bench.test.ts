import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { compare, percentile } from "./compare.js";
import { type Figure, type Skipped, verdict } from "./figure.js";
import { benchIngest } from "./ingest.js";
import { meterRecords, pagesOf } from "./meter-records.js";
import { readOptions } from "./options.js";
import { readStat, usageOfTree } from "./process-tree.js";
import { jsonText, tableText } from "./table.js";

const figure: Figure = { name: "a", unit: "ms", ours: 20, floor: 10, ratio: 2, target: { of: "ratio", atMost: 2 } };

describe("comparing with a floor", () => {
  test("runs three pairs in changing order and takes the pair with the middle ratio, whole", async () => {
    const order: string[] = [];
    const ours = [30, 8, 10];
    const floor = [10, 4, 1];
    const take = (name: string, list: number[]) => async () => {
      order.push(name);
      return list.shift() ?? 0;
    };
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    // Ratios 3, 2 and 10.
    expect(await compare(take("ours", ours), take("floor", floor), (ms) => ms, say)).toEqual({
      ours: 30,
      floor: 10,
      ratio: 3,
    });
    expect(order).toEqual(["ours", "floor", "floor", "ours", "ours", "floor"]);
    expect(said.map((line) => line.split("ratio ")[1])).toEqual(["3.00.", "2.00.", "10.00."]);
  });

  test("gives the percentile by the nearest rank, and none of nothing", () => {
    const values = Array.from({ length: 20 }, (_, index) => 20 - index);
    expect([0.05, 0.5, 0.95, 1].map((share) => percentile(values, share))).toEqual([1, 10, 19, 20]);
    expect(() => percentile([], 0.5)).toThrow("nothing");
  });

  test("says ok at the target, over above it, and nothing where there is none", () => {
    expect(verdict(figure)).toBe("ok");
    expect(verdict({ ...figure, ratio: 2.01 })).toBe("over");
    expect(verdict({ ...figure, target: { of: "value", atMost: 19 } })).toBe("over");
    expect(verdict({ ...figure, target: null })).toBeNull();
  });
});

describe("what is printed", () => {
  const lines = [
    figure,
    { ...figure, name: "longer", ours: 4_321, target: null, floor: null, ratio: null },
    { ...figure, name: "quicker", ours: 1, floor: 15, ratio: 1 / 15, target: { of: "ratio", atMost: 0.1 } },
    { name: "rest", skipped: "No /proc." },
  ] satisfies (Figure | Skipped)[];

  test("is a table with aligned columns and a sentence for what was skipped", () => {
    expect(tableText(lines).split("\n")).toEqual([
      "name         ours   against  ratio    target",
      "a        20.00 ms  10.00 ms   2.00   <= 2.00  ok",
      "longer     4.32 s         -      -         -",
      "quicker   1.00 ms  15.00 ms  0.067  <= 0.100  ok",
      "rest: skipped. No /proc.",
    ]);
  });

  test("is with --json one object a line", () => {
    const read = jsonText(lines)
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(read).toEqual([
      { ...lines[0], verdict: "ok" },
      { ...lines[1], verdict: null },
      { ...lines[2], verdict: "ok" },
      lines[3],
    ]);
  });
});

describe("the arguments", () => {
  const known = ["ingest", "push"];

  test("select benches by name and size them", () => {
    expect(readOptions([], known)).toMatchObject({ names: known, records: 100_000, readings: 300, json: false });
    expect(readOptions(["push", "--records", "20", "--json"], known)).toMatchObject({
      names: ["push"],
      records: 20,
      json: true,
    });
  });

  test.each([["other"], ["--records=0"], ["--records=1e3"], ["--readings=-1"], ["--fast"]])(
    "are refused with a sentence where they are wrong: %s",
    (argument) => {
      expect(readOptions([argument], known)).toEqual(expect.any(String));
    },
  );
});

describe("the records of the benches", () => {
  test("are all different, the same each time, and come in whole pages", () => {
    const records = meterRecords(2_500);
    expect(new Set(records.map(({ id }) => id)).size).toBe(2_500);
    expect(meterRecords(2_500)).toEqual(records);
    expect(pagesOf(records, 1_000).map((page) => page.length)).toEqual([1_000, 1_000, 500]);
  });
});

describe("the usage of processes", () => {
  test("is read from a line of /proc whose name holds brackets and blanks", () => {
    const line = "42 (a) R (b) S 7 42 42 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 1 0 99 1000 10";
    expect(readStat(line)).toEqual({ pid: 42, name: "a) R (b", parent: 7, ticks: 110 });
  });

  test.skipIf(process.platform !== "linux")(
    "counts children, and agrees with what a process says of itself",
    async () => {
      const child = await twoProcesses();
      const { own, redis } = usageOfTree(child.pid ?? 0);
      expect(own.processes).toBe(2);
      expect(redis).toMatchObject({ processes: 0, cpuMs: 0, rssBytes: 0 });
      const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1_024;
      // Two of the same program: together well above one, and not three times one.
      expect(own.rssBytes).toBeGreaterThan(1.2 * rss);
      expect(own.rssBytes).toBeLessThan(3 * rss);
      expect(own.cpuMs).toBeGreaterThanOrEqual(200);
    },
  );
});

test("the bench of ingest stores what it counts and gives a ratio, at a small size", async () => {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-bench-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const figures = await benchIngest({ records: 1_500, readings: 1, folder, say() {} });
  expect(figures).toHaveLength(1);
  expect(figures[0]).toMatchObject({ name: "ingest of 1500 records", unit: "ms", target: { of: "ratio", atMost: 2 } });
  const [only] = figures as readonly Figure[];
  expect(only?.ratio).toBeCloseTo((only?.ours ?? 0) / (only?.floor ?? 1), 9);
});

/** A process with one child, which have worked for 200 ms at least; both end with the test. */
async function twoProcesses(): Promise<ChildProcess> {
  const inner = "process.stdin.resume().on('end', () => process.exit())";
  const outer = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { stdio: ["pipe", "ignore", "ignore"] });
    child.once("spawn", () => {
      while (process.cpuUsage().user + process.cpuUsage().system < 250000);
      console.log("ready");
    });`;
  const child = spawn(process.execPath, ["-e", outer], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  await once(child.stdout, "data");
  return child;
}
