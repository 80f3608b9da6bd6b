import { setTimeout as pause } from "node:timers/promises";

/** How often a condition is looked at, milliseconds. */
const LOOK_EVERY_MS = 50;

/**
 * Looks until there is an answer (neither null nor false) and gives it. Throws after `timeoutMs` milliseconds, naming
 * what was waited for and what `state` says then.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => T | null | false | Promise<T | null | false>,
  state: () => string = () => "",
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const answer = await look();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() - begun > timeoutMs)
      throw new Error(`waited ${Math.round(timeoutMs / 1_000)} s in vain: ${what}. ${state()}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Lets time pass, as far as chance and not a condition decides how much; ends early, without an error, with the signal. */
export async function passTime(ms: number, signal?: AbortSignal): Promise<void> {
  await pause(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
