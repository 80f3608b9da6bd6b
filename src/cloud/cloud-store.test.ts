import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { derivedId } from "../domain/identity.js";
import { isProblem } from "../domain/problem.js";
import { canonicalText } from "./canonical.js";
import { CloudStore } from "./cloud-store.js";
import type { PushChange, RecordState, WireFields } from "./protocol.js";

const clock = { now: () => Date.parse("2026-11-22T10:00:00Z") };
const opened: CloudStore[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function open(path = ":memory:"): CloudStore {
  const store = new CloudStore({ path, clock });
  opened.push(store);
  return store;
}

function change(name: string, value: number, base: string | null, deleted = false): PushChange {
  const fields = { time: "2026-11-21T07:03:00.000Z", value, unit: "mg/dL", note: null };
  return { id: derivedId(name), kind: "glucose", base, deleted, fields };
}

function push(store: CloudStore, one: PushChange, by = "hub-a") {
  const [result] = store.push([one], by);
  if (result === undefined) throw new Error("no result");
  return result;
}

function accepted(store: CloudStore, one: PushChange, by = "hub-a"): string {
  const result = push(store, one, by);
  if (result.status !== "accepted") throw new Error(JSON.stringify(result));
  return result.rev;
}

describe("a cloud's store after a restore from a backup", () => {
  test("knows a cursor of the lost days even when its own sequence has passed it, and never gives a rev twice", () => {
    const folder = mkdtempSync(join(tmpdir(), "glucohub-cloud-"));
    folders.push(folder);
    const first = open(join(folder, "a.db"));
    const revs = [accepted(first, change("one", 1, null))];
    const kept = first.changes(null, 10).cursor;
    first.close();
    copyFileSync(join(folder, "a.db"), join(folder, "backup.db"));

    const lost = open(join(folder, "a.db"));
    revs.push(accepted(lost, change("two", 2, null)));
    const late = lost.changes(null, 10).cursor;
    lost.close();

    const restored = open(join(folder, "backup.db"));
    revs.push(accepted(restored, change("three", 3, null)), accepted(restored, change("four", 4, null)));
    expect(restored.changes(kept, 10).changes.map((one) => one.fields["value"])).toEqual([3, 4]);
    expect(codeOf(() => restored.changes(late, 10))).toBe("SYNC_CURSOR_LOST");
    expect(new Set(revs).size).toBe(4);
  });

  test("takes a record that it has lost back as a new one, with the state that the hub knew as its parent", () => {
    const store = open();
    const rev = accepted(store, change("one", 1, "rev-of-the-lost-days"));
    expect(store.states(derivedId("one"))).toMatchObject([{ rev, parent: "rev-of-the-lost-days" }]);
  });
});

describe("a cloud's store", () => {
  test("keeps what was accepted when it is opened again, under the same revs and cursors", () => {
    const folder = mkdtempSync(join(tmpdir(), "glucohub-cloud-"));
    folders.push(folder);
    const first = open(join(folder, "a.db"));
    accepted(first, change("one", 1, null));
    const { cursor } = first.changes(null, 10);
    const before = first.record(derivedId("one"));
    first.close();
    const again = open(join(folder, "a.db"));
    expect(again.record(derivedId("one"))).toEqual(before);
    accepted(again, change("two", 2, null));
    expect(again.changes(cursor, 10).changes.map((one) => one.fields["value"])).toEqual([2]);
  });

  test("opens neither a file that is not its own nor one of a later format", () => {
    const folder = mkdtempSync(join(tmpdir(), "glucohub-cloud-"));
    folders.push(folder);
    copyFileSync(new URL(import.meta.url).pathname, join(folder, "text.db"));
    const later = new Database(join(folder, "later.db"));
    later.pragma("user_version = 99");
    later.close();
    const codes = ["text.db", "later.db"].map((name) => codeOf(() => open(join(folder, name))));
    expect(codes).toEqual(["STORE_UNUSABLE", "STORE_NEWER"]);
  });

  test("tells its listeners of each commit and of nothing else", () => {
    const store = open();
    let rung = 0;
    const stop = store.onCommit(() => rung++);
    const rev = accepted(store, change("one", 1, null));
    expect(rung).toBe(1);
    accepted(store, change("one", 1, rev));
    push(store, { ...change("two", 2, null), kind: "unknown" });
    expect(rung).toBe(1);
    store.edit(derivedId("one"), { by: "editor", fields: { note: "x" } });
    expect(rung).toBe(2);
    stop();
    accepted(store, change("three", 3, null));
    expect(rung).toBe(2);
  });

  test("gives each of a page's records once and in its newest state, at any size of page", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (names, size) => {
          const store = new CloudStore({ path: ":memory:", clock });
          for (const [value, name] of names.entries()) {
            const base = store.record(derivedId(String(name)))?.rev ?? null;
            accepted(store, change(String(name), value + 1, base));
          }
          const seen: string[] = [];
          let cursor: string | null = null;
          for (let more = true; more; ) {
            const page = store.changes(cursor, size);
            seen.push(...page.changes.map((one) => `${one.id} ${String(one.fields["value"])}`));
            ({ cursor, more } = page);
            expect(page.changes.length).toBeLessThanOrEqual(size);
          }
          const newest = [...new Map(names.map((name, at) => [derivedId(String(name)), at + 1]))];
          expect(seen).toHaveLength(newest.length);
          expect(new Set(seen)).toEqual(new Set(newest.map(([id, value]) => `${id} ${value}`)));
          store.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** A hub as the protocol sees it: what it holds of each record, and the rev that it knows. */
interface Hub {
  readonly name: string;
  readonly known: Map<string, { rev: string; value: number; deleted: boolean }>;
  cursor: string | null;
}

const step = fc.record({
  hub: fc.nat(1),
  record: fc.nat(3),
  value: fc.integer({ min: 1, max: 5 }),
  deleted: fc.boolean(),
  act: fc.constantFrom("push" as const, "push" as const, "pull" as const, "edit" as const),
});

describe("two hubs and an editor", () => {
  test("lose no state: every accepted change follows the state that it was made on, and all stay readable", () => {
    let conflicts = 0;
    let stored = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 80, size: "max" }), (steps) => {
        const store = new CloudStore({ path: ":memory:", clock });
        const hubs: readonly Hub[] = ["a", "b"].map((name) => ({ name, known: new Map(), cursor: null }));
        /** What must stand in the history: rev, with the base that it was accepted on and its content. */
        const told = new Map<string, { id: string; parent: string | null; text: string }>();
        for (const { hub: which, record, value, deleted, act } of steps) {
          const hub = hubs[which];
          if (hub === undefined) throw new Error("no such hub");
          const id = derivedId(String(record));
          if (act === "pull") {
            const page = store.changes(hub.cursor, 2);
            for (const one of page.changes) {
              hub.known.set(one.id, { rev: one.rev, value: Number(one.fields["value"]), deleted: one.deleted });
            }
            hub.cursor = page.cursor;
            continue;
          }
          const before = store.record(id);
          if (act === "edit") {
            if (before === null) continue;
            const after = store.edit(id, { by: "editor", fields: { value }, deleted });
            if (after.rev !== before.rev) told.set(after.rev, { id, parent: before.rev, text: text(after) });
            continue;
          }
          const sent = change(String(record), value, hub.known.get(id)?.rev ?? null, deleted);
          const result = push(store, sent, hub.name);
          if (result.status === "rejected") throw new Error(result.message);
          if (result.status === "conflict") {
            conflicts++;
            expect(result.rev).not.toBe(sent.base);
            expect(text(result)).not.toBe(text(sent));
            expect(store.record(id)).toEqual(before);
            hub.known.set(id, { rev: result.rev, value: Number(result.fields["value"]), deleted: result.deleted });
            continue;
          }
          if (before !== null && result.rev === before.rev) expect(text(before)).toBe(text(sent));
          else told.set(result.rev, { id, parent: sent.base, text: text(sent) });
          hub.known.set(id, { rev: result.rev, value, deleted });
        }
        stored += told.size;
        const kept = [0, 1, 2, 3].flatMap((record) => chain(store.states(derivedId(String(record)))));
        expect(kept).toHaveLength(told.size);
        for (const state of kept) {
          expect({ parent: state.parent, text: text(state) }).toEqual({
            parent: told.get(state.rev)?.parent,
            text: told.get(state.rev)?.text,
          });
        }
        store.close();
      }),
      { numRuns: 100 },
    );
    // The run met what it is about.
    expect(conflicts).toBeGreaterThan(100);
    expect(stored).toBeGreaterThan(1000);
  });
});

/** The states, which must follow each other without a gap or a fork. */
function chain(states: readonly RecordState[]): readonly RecordState[] {
  for (const [at, state] of states.entries()) expect(state.parent).toBe(states[at - 1]?.rev ?? null);
  return states;
}

function text({ deleted, fields }: { deleted: boolean; fields: WireFields }): string {
  return canonicalText({ deleted, fields });
}

test("problems are told by their code", () => {
  const store = open();
  const codes = [
    codeOf(() => store.edit(derivedId("none"), { by: "x" })),
    codeOf(() => store.changes("not a cursor", 1)),
    codeOf(() => store.create(derivedId("x"), "glucose", {}, "x")),
  ];
  expect(codes).toEqual(["RECORD_NOT_FOUND", "SYNC_CURSOR_LOST", "RECORD_INVALID"]);
});

function codeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return isProblem(error) ? error.code : error;
  }
}
