import { describe, expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.js";

describe("VirtualClock", () => {
  test("wakes sleepers in the order in which they are due, then in which they came", async () => {
    const clock = new VirtualClock(1000);
    const woken: string[] = [];
    const all = [
      clock.sleep(30).then(() => woken.push("c")),
      clock.sleep(10).then(() => woken.push("a")),
      clock.sleep(30).then(() => woken.push("d")),
      clock.sleep(20).then(() => woken.push("b")),
      clock.sleep(31).then(() => woken.push("never")),
    ];
    clock.advance(30);
    await Promise.all(all.slice(0, 4));
    expect(woken).toEqual(["a", "b", "c", "d"]);
    expect(clock.now()).toBe(1030);
    expect(clock.nextDue()).toBe(1031);
  });

  test("goes to the earliest sleeper, and says when nobody sleeps", async () => {
    const clock = new VirtualClock(0);
    expect(clock.advanceToNext()).toBe(false);
    expect(clock.now()).toBe(0);
    const late = clock.sleep(500);
    const early = clock.sleep(250);
    expect(clock.advanceToNext()).toBe(true);
    await early;
    expect(clock.now()).toBe(250);
    expect(clock.advanceToNext()).toBe(true);
    await late;
    expect(clock.now()).toBe(500);
    expect(clock.advanceToNext()).toBe(false);
  });

  test("rejects with the signal's reason, before and during sleep, and forgets that sleeper", async () => {
    const clock = new VirtualClock(0);
    const reason = new Error("enough");
    await expect(clock.sleep(1, AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const asleep = clock.sleep(1, abort.signal);
    abort.abort(reason);
    await expect(asleep).rejects.toBe(reason);
    expect(clock.nextDue()).toBeNull();
    expect(clock.count).toBe(1);
  });

  test("sleeping for no time still waits to be told", async () => {
    const clock = new VirtualClock(7);
    let woken = false;
    const nap = clock.sleep(0).then(() => {
      woken = true;
    });
    await new Promise(setImmediate);
    expect(woken).toBe(false);
    expect(clock.advanceToNext()).toBe(true);
    await nap;
    expect(clock.now()).toBe(7);
  });

  test("a shift moves the alarms along, and a mark leaves earlier sleepers out", async () => {
    const clock = new VirtualClock(0);
    let seen = 0;
    const stop = clock.onSleep(() => {
      seen += 1;
    });
    const first = clock.sleep(10);
    const mark = clock.count;
    expect(clock.nextDue(mark)).toBeNull();
    const second = clock.sleep(50);
    stop();
    clock.shift(100);
    expect([clock.now(), clock.nextDue(), clock.nextDue(mark), seen]).toEqual([100, 110, 150, 2]);
    clock.advance(50);
    await Promise.all([first, second]);
  });

  test("time does not go back", () => {
    const clock = new VirtualClock(0);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.shift(Number.NaN)).toThrow(RangeError);
  });
});
