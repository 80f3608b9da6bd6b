import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../kit/virtual-clock.js";
import { IMPORT_PAGE, Keeper, PAGE_SIZE, type Told } from "./keeper.js";

const told = (from: number, count: number): Told[] =>
  Array.from({ length: count }, (_, index) => ({
    unreadable: { code: "RECORD_INVALID", detail: String(from + index), raw: new Uint8Array() },
  }));

const numbersOf = (page: readonly Told[]): number[] =>
  page.map((one) => ("unreadable" in one ? Number(one.unreadable.detail) : Number.NaN));

/** A keeper of an import into a store that takes that many milliseconds for one thing, and a fixed time for each page. */
function importing(
  msEach: number,
  msPage: number,
): { readonly keeper: Keeper; readonly pages: number[][]; readonly clock: VirtualClock } {
  const clock = new VirtualClock(0);
  const pages: number[][] = [];
  const keeper = new Keeper(async (page) => {
    pages.push(numbersOf(page));
    clock.advance(Math.round(page.length * msEach + msPage));
  }, clock);
  return { keeper, pages, clock };
}

async function addAll(keeper: Keeper, count: number, batch: number): Promise<void> {
  for (let at = 0; at < count; at += batch) await keeper.add(told(at, Math.min(batch, count - at)));
  await keeper.drained();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("an import's pages", () => {
  test("grow to the limit where the store is fast, twice as large at most from one to the next", async () => {
    const { keeper, pages } = importing(0.01, 1);
    await addAll(keeper, 60_000, 500);
    expect(pages.flat()).toEqual(upTo(60_000));
    const sizes = pages.map(({ length }) => length);
    expect(sizes.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(Math.max(...sizes)).toBe(IMPORT_PAGE.most);
  });

  test("take about as long as they may where the store is slow, and are never smaller than a meter's", async () => {
    for (const [msEach, ms] of [
      [0.05, IMPORT_PAGE.withinMs],
      [0.1, IMPORT_PAGE.withinMs],
      [1, PAGE_SIZE],
    ] as const) {
      const { keeper, pages } = importing(msEach, 0);
      await addAll(keeper, 40_000, 500);
      expect(pages.flat()).toEqual(upTo(40_000));
      const longest = Math.max(...pages.map(({ length }) => length * msEach));
      expect(longest).toBeGreaterThan(ms * 0.9);
      expect(longest).toBeLessThanOrEqual(ms * 1.01);
    }
  });

  test("are not waited for longer than a page may take, if little is told", async () => {
    const { keeper, pages, clock } = importing(0, 0);
    await keeper.add(told(0, 3));
    clock.advance(IMPORT_PAGE.withinMs - 1);
    await keeper.add(told(3, 1));
    expect(pages).toEqual([]);
    clock.advance(1);
    // News of progress is enough.
    await keeper.add([]);
    await keeper.drained();
    expect(pages).toEqual([[0, 1, 2, 3]]);
  });

  test("hold everything once and in order, whatever is told at once and however fast the store is", async () => {
    const batches = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(batches, fc.double({ min: 0, max: 2, noNaN: true }), async (sizes, msEach) => {
        const { keeper, pages } = importing(msEach, 3);
        let at = 0;
        for (const size of sizes) {
          await keeper.add(told(at, size));
          at += size;
        }
        await keeper.drained();
        expect(pages.flat()).toEqual(upTo(at));
        expect(pages.every(({ length }) => length > 0 && length <= IMPORT_PAGE.most)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("end with the one that the store refuses", async () => {
    const written: number[] = [];
    const keeper = new Keeper(async (page) => {
      if (written.length > 0) throw new Error("the disk is full");
      written.push(...numbersOf(page));
    }, new VirtualClock(0));
    await expect(addAll(keeper, 10_000, 500)).rejects.toThrow("the disk is full");
    await expect(keeper.add(told(0, 1))).rejects.toThrow("the disk is full");
    await expect(keeper.drained()).rejects.toThrow("the disk is full");
    expect(written).toEqual(upTo(1_000));
  });
});

test("what a meter tells is written at once, however little it is", async () => {
  const pages: number[][] = [];
  const keeper = new Keeper(async (page) => void pages.push(numbersOf(page)));
  await keeper.add(told(0, 1));
  expect(pages).toEqual([[0]]);
  await keeper.drained();
  await keeper.add(told(1, 2_500));
  await keeper.drained();
  expect(pages.map(({ length }) => length)).toEqual([1, 1_000, 1_000, 500]);
  expect(pages.flat()).toEqual(upTo(2_501));
});
