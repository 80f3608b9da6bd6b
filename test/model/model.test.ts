import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MUTANTS, PROOFS, SIGHTS } from "./searches.js";
import { MODEL, type Report, type Search, search, spinVersion } from "./spin.js";
import { takingTurns } from "./turns.js";

/** A search that waits for its turn while others use the machine, milliseconds. */
const PATIENCE_MS = 1_800_000;
/** The version that counted the states in the model's description. */
const COUNTED_BY = "6.5.2";

const version = spinVersion();

/** No statement is beyond reach but the ends of processes that never end. */
const ALWAYS = ["claim quiet: end", "init: end", "proctype worker: end", "proctype world: end"];
/** One worker alone never loses its lease. */
const ALONE = ["proctype worker: lease.lost", "proctype worker: lease.take", "proctype worker: lease.wait"];

describe.skipIf(version === null)("the model of synchronisation", () => {
  const stop = new AbortController();
  const reports = new Map<string, Promise<Report>>();
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "glucohub-model-"));
    const inTurn = takingTurns(2);
    const start = (name: string, wanted: Search): void => {
      const report = inTurn(() => search(wanted, folder, stop.signal));
      // Whether it failed is said by the test that waits for it.
      report.catch(() => undefined);
      reports.set(name, report);
    };
    for (const { name, switches, slots } of PROOFS)
      start(name, { switches: ["SIGHTS", ...switches], slots, optimise: 2 });
    for (const { name, switches } of MUTANTS)
      start(name, { switches: [`MUTANT_${name}`, ...switches], slots: 20, optimise: 0 });
  });
  afterAll(async () => {
    stop.abort();
    await Promise.allSettled(reports.values());
    rmSync(folder, { recursive: true, force: true });
  });

  async function reportOf(name: string): Promise<Report> {
    const report = reports.get(name);
    if (report === undefined) throw new Error(`no search ${name}`);
    return report;
  }

  test.for(PROOFS)("holds in every state: $name", { timeout: PATIENCE_MS }, async ({ name, switches }) => {
    const report = await reportOf(name);
    expect(report).toMatchObject({ errors: 0, violation: "", complete: true });
    const explained = switches.includes("WORKERS=1") ? [...ALWAYS, ...ALONE] : ALWAYS;
    expect(report.unreached.filter((place) => !explained.includes(place))).toEqual([]);
    expect(report.unreached).toContain("proctype worker: end");
  });

  test("meets all that it is about", { timeout: PATIENCE_MS }, async () => {
    const sights = new Set<string>();
    for (const { name } of PROOFS) for (const sight of (await reportOf(name)).sights) sights.add(sight);
    expect([...sights].sort()).toEqual(SIGHTS);
    expect(sights.size).toBe(15);
  });

  test.for(MUTANTS)("finds the naive variant $name", { timeout: PATIENCE_MS }, async ({ name, finds }) => {
    const report = await reportOf(name);
    expect(report.errors).toBe(1);
    expect(report.violation).toContain(finds);
  });

  test("is searched and broken as often as its description says", () => {
    expect([PROOFS.length, MUTANTS.length]).toEqual([12, 14]);
    const model = readFileSync(join(MODEL, "sync.pml"), "utf8");
    const inModel = new Set([...model.matchAll(/MUTANT_(\w+)/g)].map((match) => match[1] ?? ""));
    inModel.delete("");
    expect([...inModel].sort()).toEqual(MUTANTS.map(({ name }) => name).sort());
  });

  test.skipIf(version !== COUNTED_BY)(
    "has as many states as its description says",
    { timeout: PATIENCE_MS },
    async () => {
      const text = readFileSync(join(MODEL, "README.md"), "utf8");
      let compared = 0;
      for (const { name } of PROOFS) {
        const row = text.split("\n").find((line) => line.startsWith(`| ${name} `));
        const states = row?.split("|").at(3)?.replaceAll(/[^\d]/g, "");
        expect([name, Number(states)]).toEqual([name, (await reportOf(name)).states]);
        compared += 1;
      }
      expect(compared).toBe(PROOFS.length);
    },
  );
});
