import { expect, test } from "vitest";
import { type ClockEdit, ClockHistory } from "./clock-edits.js";

const TIME_BASE = 1_388_534_400;
/** Seconds of the reader's time at 2024-05-05T18:00:00, without an offset. */
const AT = (Date.parse("2024-05-05T18:00:00Z") - TIME_BASE * 1_000) / 1_000;

function edit(number: number, change: Partial<ClockEdit>): ClockEdit {
  const base = { readerTime: AT, oldReaderTime: AT, userOffset: 0, oldUserOffset: 0, isValid: true, wasValid: true };
  return { number, ...base, ...change };
}

const changes = (edits: readonly ClockEdit[], numbers: readonly number[] = []) =>
  new ClockHistory(edits, TIME_BASE, numbers).changes([]);

test("the same clock change in several tables is one, where it stands first", () => {
  const copies = [12, 10, 11].map((number) => edit(number, { userOffset: 3_600 }));
  expect(changes(copies)).toEqual([{ order: 10, from: "2024-05-05T18:00:00", to: "2024-05-05T19:00:00" }]);
});

test("a date and a time that are set one after the other are one edit, unless a reading lies between them", () => {
  const date = edit(10, { userOffset: 86_400 });
  const time = edit(30, { readerTime: AT + 5, oldReaderTime: AT + 5, oldUserOffset: 86_400, userOffset: 90_000 });
  expect(changes([time, date])).toEqual([{ order: 30, from: "2024-05-05T18:00:00", to: "2024-05-06T19:00:05" }]);
  expect(changes([date, time], [5, 40])).toHaveLength(1);
  expect(changes([date, time], [20])).toHaveLength(2);
  expect(changes([date, { ...time, number: 60 }])).toHaveLength(2);
  expect(changes([date, edit(20, { oldUserOffset: 86_400, userOffset: 172_800 })])).toHaveLength(2);
});

test("a value that was measured before a clock change and written after it is placed before it", () => {
  const history = new ClockHistory(
    [edit(100, { userOffset: 3_600 }), edit(200, { oldUserOffset: 3_600 })],
    TIME_BASE,
    [],
  );
  expect(history.orderOf(99, 0)).toBe(99);
  expect(history.orderOf(101, 0)).toBe(99.5);
  expect(history.orderOf(150, 3_600)).toBe(150);
  expect(history.orderOf(201, 3_600)).toBe(199.5);
  expect(history.orderOf(90, 3_600)).toBe(100.5);
  expect(history.orderOf(150, 7)).toBeNull();
  expect(new ClockHistory([], TIME_BASE, []).orderOf(5, 7)).toBe(5);
});

test("a change out of a clock that was not set names no time from which one could reckon back", () => {
  const [lost] = changes([edit(10, { oldReaderTime: 0, wasValid: false })]);
  expect(lost).toEqual({ order: 10, from: `${TIME_BASE} s`, to: "2024-05-05T18:00:00" });
  expect(changes([edit(10, { isValid: false })])[0]?.to).toMatch(/ s$/);
});
