import { expect, test } from "vitest";
import { writerOf } from "./field-writer.js";
import type { PastState } from "./sync-records.js";

let minute = 0;
function state(origin: PastState["origin"], by: string, fields: object, deleted = 0): PastState {
  minute += 1;
  const at = new Date(Date.UTC(2026, 0, 1, 8, minute)).toISOString();
  return { version: minute, origin, by, at, deleted, fields: JSON.stringify({ note: null, meal: null, ...fields }) };
}

test("a field's writer is who gave it its value, not who changed the record last", () => {
  const read = state("local", "meter", {});
  const noted = state("local", "nurse", { note: "n" });
  const fed = state("local", "patient", { note: "n", meal: "after" });
  const states = [read, noted, fed];
  expect(writerOf(states, "note")).toEqual({ by: "nurse", at: noted.at });
  expect(writerOf(states, "meal")).toEqual({ by: "patient", at: fed.at });
  expect(writerOf(states, "deleted")).toEqual({ by: "meter", at: read.at });
  expect(writerOf([], "note")).toBeUndefined();
});

test("of a value that came by a merge it is the author in the cloud, and of one that a merge kept its own", () => {
  const noted = state("local", "nurse", { note: "n" });
  const remote = state("remote", "doctor", { meal: "before", note: "theirs" });
  const merged = state("merge", "sync", { note: "n", meal: "before" });
  expect(writerOf([noted, remote, merged], "meal")).toEqual({ by: "doctor", at: remote.at });
  expect(writerOf([noted, remote, merged], "note")).toEqual({ by: "nurse", at: noted.at });
});

test("a value that was changed and changed back is the last writer's", () => {
  const first = state("local", "nurse", { note: "a" });
  const gone = state("local", "patient", {});
  const back = state("cloud", "doctor", { note: "a" });
  expect(writerOf([first, gone, back], "note")).toEqual({ by: "doctor", at: back.at });
  const removed = state("local", "patient", { note: "a" }, 1);
  expect(writerOf([first, gone, back, removed], "deleted")).toEqual({ by: "patient", at: removed.at });
});
