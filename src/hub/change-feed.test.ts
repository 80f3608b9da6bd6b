import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keepReadings, NOW } from "../../test/api/fake-hub.js";
import { tempStore, until } from "../../test/helpers/ingest.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { lastChange } from "../store/queries.js";
import type { Store } from "../store/store.js";
import { startChangeFeed } from "./change-feed.js";

let store: Store;
let ending: AbortController;
let told: number[];
let locals: number;
let heard: () => boolean;
const problems: unknown[] = [];

beforeEach(async () => {
  store = await tempStore();
  ending = new AbortController();
  told = [];
  locals = 0;
  heard = () => true;
});
afterEach(() => {
  ending.abort();
  expect(problems).toEqual([]);
});

async function follow(): Promise<void> {
  await startChangeFeed({
    store,
    clock: new VirtualClock(Date.parse(NOW)),
    signal: ending.signal,
    heard: () => heard(),
    onChange: (seq) => told.push(seq),
    onLocal: () => {
      locals += 1;
    },
    onProblem: (error) => problems.push(error),
  });
}

const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at);

describe("the feed of changes", () => {
  test("tells each change once, in the store's order", async () => {
    await follow();
    await keepReadings(store, 1_200);
    await until("the feed", () => told.length >= 1_200);
    expect(told).toEqual(upTo(1_200));
  });

  test("passes over what nobody hears, and still says that there is something for the cloud", async () => {
    heard = () => false;
    await follow();
    await keepReadings(store, 1_200);
    await until("the feed", () => locals > 0);
    expect(told).toEqual([]);
    heard = () => true;
    await keepReadings(store, 3, 1_200);
    await until("the feed", () => told.length >= 3);
    expect(told).toEqual(upTo(1_203, 1_201));
  });

  test("says nothing for the cloud where nothing was written here", async () => {
    heard = () => false;
    await keepReadings(store, 5);
    await follow();
    // A commit without a change: the feed looks, and finds nothing.
    await store.write(async () => undefined);
    await keepReadings(store, 1);
    for (let turns = 0; turns < 100; turns += 1) await turn();
    expect([told, locals, await lastChange(store)]).toEqual([[], 0, 5]);
  });

  test("tells whoever comes while it passes over changes everything from where it was", async () => {
    // Nobody at the first question; at the second, which follows the look at the store, somebody has come.
    let asked = 0;
    heard = () => {
      asked += 1;
      return asked > 1;
    };
    await follow();
    await keepReadings(store, 700);
    await until("the feed", () => told.length >= 700);
    expect(told).toEqual(upTo(700));
  });

  test("goes on by itself where the last listener leaves in the middle", async () => {
    heard = () => told.length === 0;
    await follow();
    await keepReadings(store, 1_200);
    await until("the feed", () => locals >= 2);
    expect(told).toEqual(upTo(500));
    heard = () => true;
    await keepReadings(store, 1, 1_200);
    await until("the feed", () => told.length > 500);
    expect(told.at(-1)).toBe(1_201);
    expect(told).toHaveLength(501);
  });
});
