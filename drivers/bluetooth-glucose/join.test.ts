import fc from "fast-check";
import { expect, test } from "vitest";
import { unhex } from "../../src/kit/bytes.js";
import { Join } from "./join.js";
import { ROWS, type Row } from "./rows.js";

/** A measurement of that number and value at that second, whose context follows or not. */
const m = (sequence: number, value: number, follows = false, second = sequence): string =>
  `${follows ? "12" : "02"} ${two(sequence)} 00 ea 07 0b 17 08 0f ${two(second)} ${two(value)} b0 11`;
const c = (sequence: number, meal = 1): string => `02 ${two(sequence)} 00 ${two(meal)}`;
const two = (byte: number): string => byte.toString(16).padStart(2, "0");

/** What is told after each notice, then at the end: value and meal, or the code of what can't be read. */
function join(
  notices: readonly string[],
  { id = "generic" as Row["id"], end = "end" as "end" | "breakOff", has = true } = {},
) {
  const row = ROWS.find((one) => one.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  const joined = new Join(row, has);
  const words = (events: Iterable<unknown>): unknown[] =>
    [...events].flatMap((event): unknown[] => {
      const { type, readings, unreadable } = event as {
        type: string;
        readings: { value: number; meal: string | null }[];
        unreadable: { code: string };
      };
      return type === "readings" ? readings.map(({ value, meal }) => [value, meal]) : [unreadable.code];
    });
  const steps = notices.map((text) => {
    const bytes = unhex(text);
    // A context is shorter than any measurement's head.
    return words(bytes.length < 10 ? joined.context(bytes) : joined.measurement(bytes));
  });
  return { steps, last: words(joined[end]()), records: joined.records.length };
}

test("a test waits for the context that it announces, and without one for the next test or the end", () => {
  expect(join([m(1, 81, true), c(1), m(2, 82), m(3, 83)])).toEqual({
    steps: [[], [[81, "before"]], [], [[82, null]]],
    last: [[83, null]],
    records: 3,
  });
});

test("a context that was not announced belongs to its test all the same", () => {
  expect(join([m(1, 81), c(1, 2), m(2, 82)]).steps).toEqual([[], [[81, "after"]], []]);
});

test("out of order, everything finds to its own", () => {
  const { steps, last } = join([c(2, 2), m(1, 81, true), m(2, 82, true), c(1, 1)]);
  expect(steps).toEqual([[], [], [[82, "after"]], [[81, "before"]]]);
  expect(last).toEqual([]);
});

test("what comes twice is told once (a peer's mistake: only the number before is compared)", () => {
  const twice = join([m(1, 81, true), m(1, 81, true), c(1), c(1), m(2, 82), m(1, 81, true), m(2, 82)]);
  expect(twice.steps).toEqual([[], [], [[81, "before"]], [], [], [], []]);
  expect([twice.last, twice.records]).toEqual([[[82, null]], 2]);
});

test("two records of one number that differ are both told", () => {
  expect(join([m(1, 81), m(1, 91, false, 9)])).toEqual({ steps: [[], [[81, null]]], last: [[91, null]], records: 2 });
});

test("a missing context costs no test (a peer's mistake: the whole upload fails), and is told", () => {
  const { steps, last } = join([m(1, 81, true), m(2, 82)]);
  expect([steps, last]).toEqual([
    [[], []],
    [[82, null], [81, null], "FRAME_TRUNCATED"],
  ]);
  // A meter that has no characteristic for contexts announces nothing by its flag.
  expect(join([m(1, 81, true), m(2, 82)], { has: false }).last).toEqual([[82, null]]);
});

test("where a context may make it ketone, a test without the context that it announces is no reading", () => {
  expect(join([m(1, 60, true), m(2, 82)], { id: "isens" }).last).toEqual([[82, null], "FRAME_MALFORMED"]);
  expect(join([m(1, 60, true), m(2, 82)], { id: "isens", has: false }).last).toEqual([[82, null], "FRAME_MALFORMED"]);
  // Neither is one whose context came damaged, announced or not.
  expect(join([m(1, 60), "02 01 00"], { id: "isens" })).toMatchObject({
    steps: [[], ["FRAME_TRUNCATED"]],
    last: ["FRAME_MALFORMED"],
  });
  expect(join([m(1, 60, true), "02 01 00"]).last).toEqual([[60, null]]);
});

test("a context whose test never came is told as its bytes", () => {
  expect(join([m(1, 81), c(7), c(7, 2)])).toMatchObject({
    steps: [[], [], ["FRAME_MALFORMED"]],
    last: [[81, null], "FRAME_MALFORMED"],
  });
});

test("what is cut short or is no date is told as its bytes, and the others are read", () => {
  const { steps, last, records } = join([
    m(1, 81),
    m(2, 82).slice(0, -3),
    "02 03 00 ea 07 0d 17 08 0f 03 53 b0 11",
    m(4, 84),
  ]);
  expect(steps).toEqual([[], [[81, null], "FRAME_TRUNCATED"], ["FRAME_MALFORMED"], []]);
  expect([last, records]).toEqual([[[84, null]], 4]);
});

test("when the conversation breaks off, what needs nothing more is told, and the rest left for the next one", () => {
  expect(join([m(1, 81, true), m(2, 82)], { end: "breakOff" }).last).toEqual([[82, null]]);
  expect(join([m(1, 81), m(2, 82)], { end: "breakOff", id: "isens" })).toMatchObject({
    steps: [[], [[81, null]]],
    last: [],
  });
});

test("what a full TN'G Voice adds behind its 450 tests is no reading, and any other test there is one", () => {
  const stored = Array.from(
    { length: 450 },
    (_, at) => `02 ${two(at % 256)} ${two(at >> 8)} ea 07 0b 17 08 0f 2a 58 b0 11`,
  );
  const bogus = "02 c2 01 f5 07 01 01 00 00 00 fe 07 11";
  const late = "02 c3 01 ea 07 0b 17 08 0f 2a 59 b0 11";
  const { steps, last, records } = join([...stored, bogus, late], { id: "tng" });
  expect(steps.slice(0, 450).flat()).toHaveLength(449);
  expect([steps.slice(450), last, records]).toEqual([[[[88, null], "FRAME_MALFORMED"], []], [[89, null]], 452]);
  // Before the memory is full, and of other makers, the same bytes are a HI.
  expect(join([bogus], { id: "tng" }).last).toEqual([[600, null]]);
  expect(join([...stored, bogus]).last).toEqual([[600, null]]);
});

test("in whatever order notices come, and however often, each test is told once with its own meal", () => {
  const meals = [null, "before", "after", "fasting", "casual", "bedtime"];
  const tests = fc.array(fc.nat(5), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(tests, fc.infiniteStream(fc.nat(0xffff)), (codes, chance) => {
      const notices = codes.flatMap((code, at) =>
        code === 0 ? [m(at, 40 + at)] : [m(at, 40 + at, true), c(at, code), c(at, code)],
      );
      const shuffled = notices
        .map((notice) => ({ notice, key: chance.next().value }))
        .sort((one, other) => one.key - other.key)
        .map(({ notice }) => notice);
      const { steps, last } = join([...shuffled, ...shuffled]);
      const told = [...steps.flat(), ...last];
      expect(told).toHaveLength(codes.length);
      expect(told).toEqual(expect.arrayContaining(codes.map((code, at) => [40 + at, meals[code]])));
    }),
  );
});
