import type { Problem } from "../domain/problem.js";

/** Pauses after the first tries, milliseconds. */
const PAUSES_MS = [2_000, 5_000, 10_000, 20_000] as const;
/** Pause while nobody answers at an attached port: a meter that is switched on is read within half a minute. */
const WAITING_PAUSE_MS = 30_000;
/** Pauses while the same meter stays on a shared cable or in reach: each look may keep it awake, so they grow. */
const LOOKS_MS = [30_000, 60_000, 120_000, 300_000, 600_000] as const;
/** Pause after a meter broke off again and again: each try leaves a capture in the store. */
const BROKEN_PAUSE_MS = 600_000;

/**
 * How long to wait before a port is tried again, milliseconds; null: not until it is plugged in again or a person asks.
 * `failures` counts the tries in a row that failed, from 1.
 */
export function retryPause(problem: Problem, failures: number): number | null {
  if (problem.retry === "never") return null;
  const early = PAUSES_MS[failures - 1];
  if (early !== undefined) return early;
  // A database that was away is no fault of the meter's either, and comes back without a word.
  return isQuiet(problem) || problem.code === "STORE_UNREACHABLE" ? WAITING_PAUSE_MS : BROKEN_PAUSE_MS;
}

/**
 * How long to wait before a shared cable is looked at for another meter, milliseconds. `looks`: how often in a row the
 * same meter was still there; `failures`: how often in a row nobody answered, from 1, or 0.
 */
export function lookPause(looks: number, failures: number): number {
  if (failures > 0) return PAUSES_MS[failures - 1] ?? WAITING_PAUSE_MS;
  return LOOKS_MS[Math.min(looks, LOOKS_MS.length - 1)] ?? WAITING_PAUSE_MS;
}

/** True if nobody was there to read: no fault of a meter. */
export function isQuiet({ code }: Problem): boolean {
  return code === "METER_TIMEOUT" || code === "METER_NOT_READY" || code === "TRANSPORT_OPEN";
}
