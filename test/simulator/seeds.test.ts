import { expect, test } from "vitest";
import { simulate } from "./simulate.js";

const SEEDS = 300;

test("some hundred runs break no promise", { timeout: 120_000 }, async () => {
  const { ran, failure } = await simulate({ from: 1, count: SEEDS });
  expect(failure).toBeNull();
  expect(ran).toBe(SEEDS);
});
