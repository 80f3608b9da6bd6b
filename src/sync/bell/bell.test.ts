import { expect, test } from "vitest";
import { type Log, silentLog } from "../../domain/clock.js";
import { makeBell } from "./bell.js";

/** A bell whose rings end when told to. */
function heldBell(log: Log = silentLog) {
  const rings: string[] = [];
  const held: { end: () => void; fail: () => void }[] = [];
  const bell = makeBell((why) => {
    rings.push(why);
    return new Promise((resolve, reject) => {
      held.push({ end: resolve, fail: () => reject(new Error("no round today")) });
    });
  }, log);
  return { bell, rings, held };
}

test("asking while one rings gives exactly one more ring, and everybody waits for that one", async () => {
  const { bell, rings, held } = heldBell();
  const first = bell.ring("a");
  const others = [bell.ring("b"), bell.ring("c"), bell.ring("d")];
  expect(rings).toEqual(["a"]);
  let ended = 0;
  for (const other of others) void other.then(() => (ended += 1));
  held[0]?.end();
  await first;
  expect([rings, ended, bell.busy(), bell.starts()]).toEqual([["a", "b"], 0, true, 2]);
  held[1]?.end();
  await Promise.all(others);
  expect([rings, ended, bell.busy(), bell.starts()]).toEqual([["a", "b"], 3, false, 2]);
});

test("a ring asked for at the very end of another does not overlap it", async () => {
  let at = 0;
  let most = 0;
  const bell = makeBell(async () => {
    at += 1;
    most = Math.max(most, at);
    await Promise.resolve();
    at -= 1;
  }, silentLog);
  const asked: Promise<void>[] = [];
  for (let turn = 0; turn < 200; turn += 1) {
    asked.push(bell.ring("x"));
    if (turn % 3 === 0) await Promise.resolve();
  }
  await Promise.all(asked);
  expect(most).toBe(1);
  expect(bell.starts()).toBeGreaterThan(10);
});

test("a ring that fails is logged with its reason and does not stop the next", async () => {
  const warned: object[] = [];
  const { bell, rings, held } = heldBell({ ...silentLog, warn: (facts) => void warned.push(facts) });
  const first = bell.ring("a");
  const second = bell.ring("b");
  held[0]?.fail();
  await first;
  held[1]?.end();
  await second;
  expect(rings).toEqual(["a", "b"]);
  expect(warned).toEqual([{ why: "a", error: "no round today" }]);
});

test("after stop nothing begins, and nobody waits for ever", async () => {
  const { bell, rings, held } = heldBell();
  const first = bell.ring("a");
  const second = bell.ring("b");
  bell.stop();
  await bell.ring("c");
  held[0]?.end();
  await Promise.all([first, second]);
  expect(rings).toEqual(["a"]);
  expect(bell.busy()).toBe(false);
});

test("a change is told when a ring begins, when it ends and at stop", async () => {
  const { bell, held } = heldBell();
  const told: string[] = [];
  const begun = bell.changed().then(() => told.push("begun"));
  const ring = bell.ring("a");
  await begun;
  const ended = bell.changed().then(() => told.push("ended"));
  held[0]?.end();
  await ring;
  await ended;
  const stopped = bell.changed().then(() => told.push("stopped"));
  bell.stop();
  await stopped;
  expect(told).toEqual(["begun", "ended", "stopped"]);
});
