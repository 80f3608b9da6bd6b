import { expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { InTurn } from "./in-turn.js";

/** Work that ends when it is told to. */
function held<T>(): { readonly promise: Promise<T>; end(value: T): void; fail(reason: unknown): void } {
  let end = (_value: T): void => undefined;
  let fail = (_reason: unknown): void => undefined;
  const promise = new Promise<T>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { promise, end: (value) => end(value), fail: (reason) => fail(reason) };
}

test("what is asked for at the same time runs one after the other, failures too", async () => {
  const turns = new InTurn();
  const [first, second] = [held<string>(), held<string>()];
  const began: string[] = [];
  const one = turns.run(undefined, () => {
    began.push("one");
    return first.promise;
  });
  const two = turns.run(undefined, () => {
    began.push("two");
    return second.promise;
  });
  const three = turns.run(undefined, async () => began.push("three"));
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toEqual(["one"]);
  first.fail(new Problem("GATT_REFUSED"));
  await expect(one).rejects.toMatchObject({ code: "GATT_REFUSED" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toEqual(["one", "two"]);
  second.end("done");
  expect(await two).toBe("done");
  expect(await three).toBe(3);
});

test("who gives up before its turn is told at once, never runs, and does not let the next one in early", async () => {
  const turns = new InTurn();
  const first = held<string>();
  const began: string[] = [];
  const one = turns.run(undefined, () => first.promise);
  const abort = new AbortController();
  const two = turns.run(abort.signal, async () => began.push("two"));
  const three = turns.run(new AbortController().signal, async () => began.push("three"));
  abort.abort(new Problem("TRANSPORT_CANCELED"));
  await expect(two).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toEqual([]);
  first.end("done");
  await Promise.all([one, three]);
  expect(began).toEqual(["three"]);
});
