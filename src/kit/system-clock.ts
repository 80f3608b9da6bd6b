import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../domain/clock.js";

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, signal === undefined ? undefined : { signal });
  },
};
