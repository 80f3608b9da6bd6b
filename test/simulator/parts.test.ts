import { describe, expect, test } from "vitest";
import { contentOf, differences } from "./content.js";
import { checkReplaced } from "./invariants/replaced.js";
import type { RecordLedger } from "./ledger.js";
import { type CloudState, ModelCloud } from "./model-cloud.js";
import { planOf } from "./plan.js";
import { draw, Random } from "./random.js";
import { run } from "./run.js";
import { Killed, type Owner, Scheduler } from "./scheduler.js";
import { shrink, storyOf } from "./shrink.js";
import { DEFAULT_SWITCHES } from "./simulate.js";
import { makeTemplates } from "./templates.js";
import { Violation } from "./violation.js";

const owner = (name: string): Owner => ({ name, dead: false, stalledUntil: 0 });
const cloud = (): ModelCloud =>
  new ModelCloud({
    wallMs: () => 0,
    nowMs: () => 0,
    lagMs: () => 0,
    free: false,
    forgetful: false,
    onReplace: () => undefined,
  });

describe("the random numbers", () => {
  test("are the same for the same seed and name, and others for another", () => {
    const numbers = (seed: number, name: string): number[] => {
      const random = new Random(seed, name);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(numbers(7, "a")).toEqual(numbers(7, "a"));
    expect(numbers(7, "a")).not.toEqual(numbers(7, "b"));
    expect(numbers(7, "a")).not.toEqual(numbers(8, "a"));
    expect(new Set(Array.from({ length: 1_000 }, (_, at) => draw(1, "x", at))).size).toBeGreaterThan(990);
  });

  test("are spread evenly", () => {
    const counts = new Array<number>(10).fill(0);
    for (let at = 0; at < 10_000; at += 1) {
      const bucket = Math.floor(draw(3, "spread", at) * 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});

describe("the scheduler", () => {
  test("moves time only when nobody else can go on, and lets those wait who are stalled or not ready", async () => {
    const scheduler = new Scheduler(new Random(1, "order"));
    const [worker, stalled] = [owner("worker"), { ...owner("stalled"), stalledUntil: 500 }];
    const told: string[] = [];
    const wait = async (who: Owner, what: string, options = {}): Promise<void> => {
      await scheduler.wait(who, what, options);
      told.push(`${what} at ${scheduler.nowMs}`);
    };
    const all = [
      wait(worker, "late", { dueMs: 200 }),
      wait(worker, "now"),
      wait(stalled, "stalled"),
      wait(worker, "ready", { ready: () => told.includes("late at 200") }),
      wait(worker, "latest", { ready: () => false, latestMs: 300 }),
    ];
    await scheduler.run(async () => told.length === 5);
    await Promise.all(all);
    expect(told).toEqual(["now at 0", "late at 200", "ready at 200", "latest at 300", "stalled at 500"]);
  });

  test("tells the code of a dead process so wherever it waits, and says when nobody can go on", async () => {
    const scheduler = new Scheduler(new Random(1, "order"));
    const worker = owner("worker");
    const waiting = scheduler.wait(worker, "something");
    scheduler.kill(worker);
    await expect(waiting).rejects.toBeInstanceOf(Killed);
    await expect(scheduler.wait(worker, "more")).rejects.toBeInstanceOf(Killed);
    await expect(scheduler.run(async () => false)).rejects.toBeInstanceOf(Violation);
  });
});

describe("the model of the cloud", () => {
  const fields = { note: "a", value: 1 };
  const change = (base: string | null, note: string) => ({
    id: "one",
    kind: "glucose",
    base,
    deleted: false,
    fields: { ...fields, note },
  });

  test("takes a push on its present state, refuses one on another, and knows what it has", () => {
    const model = cloud();
    const first = model.push("hub", change(null, "a"));
    expect(first.status).toBe("accepted");
    expect(model.push("hub", change(null, "a"))).toEqual(first);
    expect(model.push("hub", change("other", "b"))).toMatchObject({
      status: "conflict",
      state: { rev: first.state.rev },
    });
    const second = model.push("hub", change(first.state.rev, "b"));
    expect(second).toMatchObject({ status: "accepted", state: { seq: 2, parent: { rev: first.state.rev } } });
    expect(model.log.length).toBe(2);
  });

  test("tells each record once a page, in its newest state, and goes on after the cursor", () => {
    const model = cloud();
    for (let at = 0; at < 5; at += 1) model.edit(`r${at}`, "glucose", false, { at }, "doctor");
    model.edit("r1", "glucose", false, { at: 9 }, "doctor");
    const first = model.page("hub", null, 3);
    expect(first?.changes.map(({ id }) => id)).toEqual(["r0", "r2", "r3"]);
    expect(first?.more).toBe(true);
    const second = model.page("hub", first?.cursor ?? null, 3);
    expect(second?.changes.map(({ id, seq }) => [id, seq])).toEqual([
      ["r4", 5],
      ["r1", 6],
    ]);
    expect(second?.more).toBe(false);
    expect(model.page("hub", second?.cursor ?? null, 3)).toMatchObject({ changes: [], more: false });
  });

  test("refuses cursors of what it lost, uses no rev twice, and forgets what came after the snapshot", () => {
    const model = cloud();
    model.edit("r0", "glucose", false, { at: 0 }, "doctor");
    const snapshot = model.snapshot();
    const kept = model.page("hub", null, 10)?.cursor ?? null;
    const lost = model.edit("r0", "glucose", false, { at: 1 }, "doctor");
    const future = model.page("hub", null, 10)?.cursor ?? null;
    model.restore(snapshot, "refuse-lost");
    expect(model.page("hub", future, 10)).toBeNull();
    expect(model.page("hub", kept, 10)?.changes).toEqual([]);
    expect(model.edit("r0", "glucose", false, { at: 2 }, "doctor").rev).not.toBe(lost.rev);
    expect(model.page("hub", kept, 10)?.changes.length).toBe(1);
    model.restore(snapshot, "refuse-all");
    expect(model.page("hub", kept, 10)).toBeNull();
    model.restore(snapshot, "silent");
    expect(model.page("hub", model.page("hub", null, 10)?.cursor ?? null, 10)?.changes).toEqual([]);
  });
});

describe("the check of what a push replaces", () => {
  const content = (note: string | null, deleted = false) => contentOf(deleted, { note, source: "manual" });
  const state = (note: string | null, deleted = false): CloudState => ({
    ...content(note, deleted),
    id: "one",
    kind: "glucose",
    rev: `rev of ${note}`,
    seq: 1,
    parent: null,
    by: "hub-0",
    at: "",
    hub: "hub-0",
  });
  const seen = (...notes: (string | null)[]): RecordLedger => {
    const record: RecordLedger = {
      id: "one",
      own: [],
      past: { own: [], conflicts: [] },
      texts: new Set(notes.map((note) => content(note).text)),
      conflicts: [],
      now: null,
    };
    for (const [index, note] of notes.entries())
      record.own.push({
        seq: index,
        version: index,
        origin: "local",
        by: "nurse",
        content: content(note),
        before: record.own.at(-1) ?? null,
      });
    return record;
  };

  test("lets pass what a person changed who saw it, and what is listed as a conflict", () => {
    checkReplaced(seen("a", "b"), state("a"), state("b"), false);
    const listed = { ...seen("x", "b"), conflicts: [{ record: "one", field: "note", local: "b", remote: "a" }] };
    listed.texts.add(content("a").text);
    checkReplaced(listed, state("a"), state("b"), false);
    expect(differences(state("a"), state("b"))).toEqual(["note"]);
  });

  test("finds a state that was not seen, a change that nobody made, and a deletion undone by nobody", () => {
    expect(() => checkReplaced(undefined, state("a"), state("b"), false)).toThrow(/without having seen it/);
    expect(() => checkReplaced(seen("b"), state("a"), state("b"), false)).toThrow(/without having seen it/);
    const merged = seen("x", "b");
    merged.texts.add(content("a").text);
    expect(() => checkReplaced(merged, state("a"), state("b"), false)).toThrow(/nobody did there/);
    const undone = seen("a");
    undone.texts.add(content("a", true).text);
    expect(() => checkReplaced(undone, state("a", true), state("a"), false)).toThrow(Violation);
  });
});

test("a cloud that leaves changes out is found out, the plan made smaller, and its story told", {
  timeout: 60_000,
}, async () => {
  const templates = await makeTemplates();
  try {
    const plan = { ...planOf(1, DEFAULT_SWITCHES), forgetful: true };
    expect((await run(plan, templates)).broken?.invariant).toBe("I9");
    const small = await shrink(plan, "I9", templates);
    expect(small.items.length).toBeLessThan(plan.items.length);
    const outcome = await run(small, templates, true);
    expect(outcome.broken?.invariant).toBe("I9");
    expect(storyOf(small, outcome, false)).toMatch(/BROKEN {7}I9/);
  } finally {
    templates.remove();
  }
});
