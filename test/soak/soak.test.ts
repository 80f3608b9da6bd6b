import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { isBuilt } from "../e2e/hub-program.js";
import { type Evidence, findFaults } from "./check.js";
import { soakProgram } from "./cloud-under-test.js";
import type { HubRecord, State } from "./facts.js";
import { FAULT_KINDS, makeFaultPlan } from "./fault-plan.js";
import type { Acknowledged } from "./ledger.js";
import { readOptions } from "./options.js";
import { seeded } from "./random.js";
import { redisProgram } from "./redis-server.js";
import { quietlyReverted } from "./reverted.js";
import { runScenario } from "./run-scenario.js";
import { SCENARIOS } from "./scenarios/index.js";

/** How many turns each takes here; `npm run soak` takes many more. */
const CYCLES: Readonly<Record<string, number>> = { kill9: 5, sigstop: 3, restore: 3 };
const SEED = 20_261_123;

const canRun =
  isBuilt &&
  existsSync(soakProgram("cloud-process")) &&
  redisProgram() !== null &&
  spawnSync("sqlite3", ["--version"]).status === 0;

// More at once on a small machine would try its patience and not the hub.
vi.setConfig({ maxConcurrency: 2 });

describe.skipIf(!canRun)("real hubs and a real cloud under faults keep every promise", () => {
  for (const scenario of SCENARIOS) {
    const skipped = canRun && scenario.cannot() !== null;
    test.skipIf(skipped)(scenario.what, { timeout: 300_000, concurrent: true }, async ({ expect }) => {
      const cycles = CYCLES[scenario.name] ?? 1;
      const { failure, counts } = await runScenario(scenario, { cycles, seed: SEED, short: true, say() {} });
      expect(failure).toBeNull();
      expect(counts?.cycles).toBe(cycles);
      expect(counts?.records).toBeGreaterThan(5);
      expect(counts?.atHubs).toBeGreaterThan(10);
    });
  }
});

/** A state whose note is the text. */
const state = (note: string, more: Partial<State> = {}): State => ({
  deleted: false,
  content: `content ${note}`,
  note,
  patient: null,
  measured: "100 mg/dL",
  ...more,
});
const own = (origin: string, note: string, more: Partial<State> = {}) => ({ origin, ...state(note, more) });
const inCloud = (rev: string, parent: string | null, by: string, note: string) => ({
  ...state(note),
  ...{ rev, parent, by, atMs: 0 },
});
const said = (side: string, text: string, more: Partial<Acknowledged> = {}): Acknowledged => ({
  ...{ side, record: "r", act: "edit", text, field: "note", onto: null, askedAt: 1, answeredAt: 2 },
  ...more,
});

/** A hub that wrote a, saw the doctor's b, and wrote c; everything is as it should be. */
function sound(): {
  record: { -readonly [Name in keyof HubRecord]: HubRecord[Name] };
  chain: ReturnType<typeof inCloud>[];
  acknowledged: Acknowledged[];
  evidence: (more?: Partial<Evidence>) => Evidence;
} {
  const record = {
    kind: "glucose",
    now: state("~c~"),
    version: 2,
    synced: 2,
    rejected: null as string | null,
    history: [own("local", "~a~"), own("cloud", "~b~"), own("local", "~c~")],
    conflicts: [] as HubRecord["conflicts"],
  };
  const chain = [inCloud("1", null, "hub", "~a~"), inCloud("2", "1", "doctor", "~b~"), inCloud("3", "2", "hub", "~c~")];
  const acknowledged = [said("hub", "~a~", { act: "add" }), said("cloud", "~b~"), said("hub", "~c~")];
  const hub = {
    name: "hub",
    records: new Map([["r", record]]),
    quarantined: 0,
    uploaded: [] as string[],
    replaced: [],
  };
  return {
    record,
    chain,
    acknowledged,
    evidence: (more = {}) => ({
      hubs: [hub],
      cloud: { records: new Map([["r", { kind: "glucose", chain }]]), captures: new Set<string>() },
      ledger: { acknowledged, imports: [], refused: [], surprises: [] },
      gaps: [],
      ...more,
    }),
  };
}

describe("the comparison at the end", () => {
  test("finds nothing where nothing is broken", () => {
    expect(findFaults(sound().evidence())).toEqual([]);
  });

  test("finds sides that differ, and a record that only one has", () => {
    const { record, evidence } = sound();
    record.now = state("~a~");
    expect(findFaults(evidence())).toEqual([expect.stringMatching(/^r differs: at hub content ~a~/)]);
    const missing = sound();
    missing.acknowledged.length = 0;
    const cloud = { records: new Map(), captures: new Set<string>() };
    expect(findFaults(missing.evidence({ cloud }))).toContain("r is at hub and not in the cloud");
  });

  test("finds what waits, what is refused and a capture that never arrived", () => {
    const { record, evidence } = sound();
    record.synced = 1;
    record.rejected = "invalid";
    const { hubs } = evidence();
    const [hub] = hubs;
    if (hub === undefined) throw new Error("no hub");
    expect(findFaults(evidence({ hubs: [{ ...hub, quarantined: 2, uploaded: ["k"] }] }))).toEqual([
      "r waits at hub: version 2, confirmed 1",
      "r of hub is refused by the cloud: invalid",
      "hub did not understand 2 states of the cloud",
      "capture k is marked as uploaded at hub and is not in the cloud",
    ]);
  });

  test("finds acknowledged changes that are gone from the side that acknowledged them", () => {
    const { acknowledged, evidence } = sound();
    acknowledged.push(
      said("hub", "~gone~"),
      said("cloud", "~away~"),
      said("hub", "~x~", { act: "delete", text: null }),
    );
    expect(findFaults(evidence())).toEqual([
      expect.stringMatching(/^lost: edit ~gone~ of r, acknowledged by hub: it stands in no state/),
      expect.stringMatching(/^lost: edit ~away~ of r, acknowledged by cloud: it stands in no state/),
      expect.stringMatching(/^lost: delete {2}of r/),
    ]);
  });

  test("forgives what went down with a file that was exchanged, and nothing from another time", () => {
    const { acknowledged, evidence } = sound();
    acknowledged.push(said("hub", "~gone~", { answeredAt: 50 }), said("hub", "~lost~", { answeredAt: 99 }));
    expect(findFaults(evidence({ gaps: [{ side: "hub", fromMs: 40, toMs: 60 }] }))).toEqual([
      expect.stringMatching(/^lost: edit ~lost~/),
    ]);
  });

  test("finds an export of which a sample is missing", () => {
    const { evidence } = sound();
    const accepted = { side: "hub", day: "2015-01-04", samples: 1, answeredAt: 50 };
    const ledger = { ...evidence().ledger, imports: [accepted] };
    const faults = ["hub took an export with 1 samples of 2015-01-04 and has another number of records of them"];
    expect(findFaults(evidence({ ledger }))).toEqual(faults);
    expect(findFaults(evidence({ ledger, gaps: [{ side: "hub", fromMs: 40, toMs: 60 }] }))).toEqual([]);
    const [hub] = evidence().hubs;
    const record = hub?.records.get("r");
    if (hub === undefined || record === undefined) throw new Error("no record");
    const sample = { ...record, now: state("~c~", { content: '["time","2015-01-04T07:00:00.000Z"],"healthkit"' }) };
    const hubs = [{ ...hub, records: new Map([["r", sample]]) }];
    expect(findFaults(evidence({ ledger, hubs })).filter((fault) => !/differs/.test(fault))).toEqual([]);
  });

  test("finds a change made on one state with If-Match that stands on another", () => {
    const { acknowledged, evidence } = sound();
    acknowledged.push(said("hub", "~c~", { onto: { note: "~a~", patient: null } }));
    expect(findFaults(evidence())).toEqual([expect.stringMatching(/made on the note ~a~ and stands on ~b~/)]);
  });

  test("finds a state of the cloud that a hub replaced without having seen it, unless it is on the list", () => {
    const { record, evidence } = sound();
    record.history = [own("local", "~a~"), own("local", "~c~")];
    expect(findFaults(evidence())).toEqual([
      expect.stringMatching(/^lost: edit ~b~ of r, acknowledged by cloud: hub put ~c~ in its place/),
      expect.stringMatching(/^r: hub replaced in the cloud a state that it had not seen: content ~b~/),
    ]);
    record.history = [own("local", "~a~"), own("remote", "~b~"), own("local", "~c~")];
    expect(findFaults(evidence())).toHaveLength(1);
    record.conflicts = [{ field: "note", local: "~c~", remote: "~b~" }];
    expect(findFaults(evidence())).toEqual([]);
  });

  test("finds a state of the hub that a pull replaced before the cloud had it, and a broken chain in the cloud", () => {
    const { record, chain, evidence } = sound();
    record.history = [own("local", "~a~"), own("local", "~d~"), own("cloud", "~b~"), own("local", "~c~")];
    chain[2] = inCloud("3", "1", "hub", "~c~");
    expect(findFaults(evidence())).toEqual([
      expect.stringMatching(/a pull replaced a state that never was in the cloud: content ~d~/),
      "r in the cloud: the state 3 does not follow 2",
    ]);
  });

  test("finds a text in two records, a refused text, and a measurement that changed", () => {
    const { record, evidence } = sound();
    record.history = [own("local", "~a~"), own("cloud", "~b~"), own("local", "~c~", { measured: "101 mg/dL" })];
    const refused = [{ side: "hub", text: "~c~", status: 507 }];
    const more = evidence();
    const chain = [inCloud("9", null, "doctor", "~a~")];
    const hubRecord = { ...record, now: state("~a~"), history: [own("cloud", "~a~")] };
    const [hub] = more.hubs;
    if (hub === undefined) throw new Error("no hub");
    const faults = findFaults({
      hubs: [{ ...hub, records: new Map([...hub.records, ["s", hubRecord]]) }],
      cloud: { ...more.cloud, records: new Map([...more.cloud.records, ["s", { kind: "glucose", chain }]]) },
      ledger: { ...more.ledger, refused },
      gaps: [],
    });
    expect(faults).toEqual([
      expect.stringMatching(/^r: what was measured changed from 100 mg\/dL to 101 mg\/dL/),
      "~a~ stands in 2 records: r, s",
      "~c~ is there although hub answered 507",
    ]);
  });

  test("finds a newer value that quietly gave way to an older one after a file was exchanged", () => {
    const { evidence, record } = sound();
    const snapshot = new Map([["r", { note: "~newer~", patient: null }]]);
    expect(quietlyReverted(snapshot, 10, evidence())).toEqual(["r: note ~newer~ quietly gave way to the older ~c~"]);
    expect(quietlyReverted(snapshot, 1, evidence())).toEqual([]);
    record.conflicts = [{ field: "note", local: "~c~", remote: "~newer~" }];
    expect(quietlyReverted(snapshot, 10, evidence())).toEqual([]);
    expect(quietlyReverted(new Map([["s", { note: null, patient: null }]]), 10, evidence())).toHaveLength(1);
  });
});

describe("the plan of faults", () => {
  test("lets nothing go wrong at a rate of 0, and at 1 everything in time, each kind only where it makes sense", () => {
    const plan = makeFaultPlan(seeded(1));
    expect(Array.from({ length: 100 }, () => plan.next("push"))).toEqual(Array.from({ length: 100 }, () => null));
    plan.set(1, null);
    const pushes = new Set(Array.from({ length: 5_000 }, () => plan.next("push")));
    expect([...pushes].filter((kind) => kind !== null).sort()).toEqual(
      FAULT_KINDS.filter((kind) => kind !== "cursor-lost").sort(),
    );
    const pulls = new Set(Array.from({ length: 5_000 }, () => plan.next("pull")));
    expect(pulls.has("cursor-lost")).toBe(true);
    expect(pulls.has("too-large") || pulls.has("cut-request")).toBe(false);
  });

  test("is the same for the same seed, and another for another", () => {
    const draw = (seed: number): string => {
      const plan = makeFaultPlan(seeded(seed));
      plan.set(0.5, null);
      return Array.from({ length: 50 }, () => plan.next("push")).join();
    };
    expect(draw(7)).toBe(draw(7));
    expect(draw(7)).not.toBe(draw(8));
  });
});

describe("the arguments", () => {
  const known = ["kill9", "redis"];

  test("choose scenarios, turns and seed", () => {
    expect(readOptions([], known, 5)).toEqual({ cycles: 200, seed: 5, megabytes: 2000, names: known, help: false });
    expect(readOptions(["--only", "redis", "--cycles", "3", "--seed=9"], known, 5)).toMatchObject({
      cycles: 3,
      seed: 9,
      names: ["redis"],
    });
  });

  test.each([["--only=other"], ["--cycles=0"], ["--megabytes=0"], ["--seed=x"], ["--fast"]])(
    "are refused with a sentence where they are wrong: %s",
    (argument) => {
      expect(readOptions([argument], known, 5)).toEqual(expect.any(String));
    },
  );
});
