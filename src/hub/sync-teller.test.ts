import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { NOW, SYNC } from "../../test/api/fake-hub.js";
import type { HubEvent } from "../domain/status.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { teller } from "./sync-teller.js";

async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

test("the state is told at most every quarter of a second, and the longer finding it out takes, the more seldom", async () => {
  const clock = new VirtualClock(Date.parse(NOW));
  const told: HubEvent[] = [];
  let heard = true;
  let tookMs = 0;
  let asked = 0;
  const ask = teller({
    status: async () => {
      asked += 1;
      clock.advance(tookMs);
      return SYNC;
    },
    clock,
    signal: new AbortController().signal,
    heard: () => heard,
    emit: (event) => told.push(event),
    onProblem: (error) => expect(error).toBeNull(),
  });
  const states = (): number => told.filter(({ type }) => type === "sync").length;

  for (let index = 0; index < 50; index += 1) ask();
  await settle();
  clock.advance(249);
  await settle();
  expect(states()).toBe(0);
  clock.advance(1);
  await settle();
  expect(states()).toBe(1);

  // Counting millions took 140 ms: at most a twentieth of the time goes into it.
  tookMs = 140;
  ask();
  await settle();
  clock.advance(250);
  await settle();
  expect(states()).toBe(2);
  ask();
  await settle();
  clock.advance(140 * 20 - 1);
  await settle();
  expect(states()).toBe(2);
  clock.advance(1);
  await settle();
  expect(states()).toBe(3);

  // Nobody hears: nothing is found out.
  heard = false;
  ask();
  await settle();
  clock.advance(10_000);
  await settle();
  expect([states(), asked]).toEqual([3, 3]);
});
