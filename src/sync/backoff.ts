import type { Problem } from "../domain/problem.js";

/** First pause after a failure; doubled with each one that follows. */
const FIRST_MS = 500;
/** Longest pause while the cloud does not answer: when it is back, both sides are equal within seconds. */
const LONGEST_MS = 15_000;
/** Pause while a person must do something in the cloud (a wrong token): no hammering at a closed door. */
const BLOCKED_MS = 300_000;

/**
 * How long to wait after the `failures`-th failure in a row (from 1): growing, jittered by up to a half downwards so
 * that many hubs don't return at once; never shorter than the cloud asked for.
 *
 * @param random 0 to 1
 */
export function pauseAfter(problem: Problem, failures: number, random: number): number {
  // What is wrong on this machine (a full disk) may be over at any moment, and nobody says so.
  if (problem.retry === "user" && problem.code.startsWith("SYNC_")) return BLOCKED_MS;
  const asked = problem.context["retryAfterMs"];
  const grown = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), LONGEST_MS);
  const jittered = grown * (1 - random / 2);
  return Math.max(jittered, typeof asked === "number" ? asked : 0);
}
