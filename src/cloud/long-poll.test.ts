import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type ScratchAnswer,
  type ScratchCloud,
  sampleChange,
  startScratchCloud,
} from "../../test/helpers/scratch-cloud.js";
import type { Clock } from "../domain/clock.js";

/** A clock of which the test says when a time is over. */
function drivenClock(): Clock & { advance(ms: number): void } {
  let now = Date.parse("2026-11-22T10:00:00Z");
  const sleepers = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
      }),
    advance(ms) {
      now += ms;
      for (const sleeper of sleepers) if (sleeper.until <= now) sleeper.wake();
    },
  };
}

describe("a request that waits", () => {
  const clouds: ScratchCloud[] = [];
  afterEach(async () => {
    for (const one of clouds.splice(0)) await one.close();
  });

  async function waitingCloud(wait: string) {
    const clock = drivenClock();
    const own = await startScratchCloud({ clock });
    clouds.push(own);
    const cursor: string = ((await (await own.request("GET", "/v1/changes")).json()) as ScratchAnswer).cursor;
    const url = `/v1/changes?after=${encodeURIComponent(cursor)}&wait=${wait}`;
    const stop = new AbortController();
    const answer = fetch(own.url + url, { headers: { Authorization: `Bearer ${own.token}` }, signal: stop.signal });
    answer.catch(() => undefined);
    await vi.waitUntil(() => own.waiting() === 1, { timeout: 4_500 });
    return { clock, own, answer, cursor, stop };
  }

  test("is answered at once when something changes, by a push as by the editor", async () => {
    for (const act of [
      (own: ScratchCloud, id: string) => own.request("POST", "/v1/push", { hub: "b", changes: [sampleChange(id)] }),
      (own: ScratchCloud, id: string) => own.request("POST", "/editor/records", { id, kind: "note", note: "hello" }),
    ]) {
      // The clock stands still: nothing but the change can end the wait.
      const { own, answer } = await waitingCloud("30");
      const id = randomUUID();
      await act(own, id);
      expect(await (await answer).json()).toMatchObject({ changes: [{ id }], more: false });
    }
  });

  test("is answered with nothing to report when its time is over, and not before", async () => {
    const { clock, answer, cursor, own } = await waitingCloud("2.5");
    clock.advance(2499);
    await own.request("GET", "/v1/changes");
    expect(own.waiting()).toBe(1);
    clock.advance(1);
    expect(await (await answer).json()).toEqual({ changes: [], cursor, more: false });
  });

  test("is forgotten when its hub goes away", async () => {
    const { own, stop } = await waitingCloud("30");
    stop.abort();
    await vi.waitUntil(() => own.waiting() === 0, { timeout: 4_500 });
    expect(own.waiting()).toBe(0);
  });

  test("is answered with nothing to report when the cloud stops, and does not hold it up", async () => {
    const { own, answer, cursor } = await waitingCloud("30");
    await Promise.all([own.close(), own.close()]);
    expect(await (await answer).json()).toEqual({ changes: [], cursor, more: false });
  });
});
