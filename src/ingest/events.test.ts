import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { abortable } from "./events.js";

/** The engine's own garbage collection, whole, at once. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

async function* counting(to: number): AsyncGenerator<{ readonly number: number }, void, void> {
  for (let number = 0; number < to; number += 1) yield { number };
}

test("events come in their order, to the source's end", async () => {
  const numbers: number[] = [];
  for await (const { number } of abortable(counting(5), new AbortController().signal)) numbers.push(number);
  expect(numbers).toEqual([0, 1, 2, 3, 4]);
});

test("no event is held on to while the next ones are taken", async () => {
  const refs: WeakRef<object>[] = [];
  let alive = 0;
  for await (const event of abortable(counting(200), new AbortController().signal)) {
    if (event.number < 100) refs.push(new WeakRef(event));
    if (event.number !== 150) continue;
    // What a WeakRef was made of lives to the end of its turn.
    await nextTurn();
    collectGarbage();
    alive = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  expect(refs).toHaveLength(100);
  expect(alive).toBe(0);
});

test("a signal is listened to once, and not at all after the end", async () => {
  const { signal } = new AbortController();
  const counts = { added: 0, removed: 0 };
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    counts.added += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    counts.removed += 1;
    remove(...given);
  };
  let taken = 0;
  for await (const _ of abortable(counting(50), signal)) taken += 1;
  expect({ taken, ...counts }).toEqual({ taken: 50, added: 1, removed: 1 });
});

test("a source that hangs is left when the signal is aborted, for the signal's reason", async () => {
  const stop = new AbortController();
  const gone = new Problem("TRANSPORT_GONE");
  let waits: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  async function* hanging(): AsyncGenerator<number, void, void> {
    yield 1;
    waits();
    await new Promise<never>(() => undefined);
  }
  const taken: number[] = [];
  const reading = (async () => {
    for await (const number of abortable(hanging(), stop.signal)) taken.push(number);
  })();
  await waiting;
  stop.abort(gone);
  await expect(reading).rejects.toBe(gone);
  expect(taken).toEqual([1]);
});

test("a signal aborted between two events ends it before the next is asked for, and the source is told to end", async () => {
  const stop = new AbortController();
  let [asked, ended] = [0, false];
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        asked += 1;
        return { done: false, value: asked };
      },
      return: async () => {
        ended = true;
        return { done: true, value: undefined };
      },
    }),
  };
  const reading = (async () => {
    for await (const number of abortable(source, stop.signal)) if (number === 3) stop.abort();
  })();
  await expect(reading).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
  expect({ asked, ended }).toEqual({ asked: 3, ended: true });
});

test("what a source throws is thrown", async () => {
  const broken = new Problem("IMPORT_TRUNCATED");
  async function* breaking(): AsyncGenerator<number, void, void> {
    yield 1;
    throw broken;
  }
  const reading = (async () => {
    for await (const _ of abortable(breaking(), new AbortController().signal));
  })();
  await expect(reading).rejects.toBe(broken);
});
