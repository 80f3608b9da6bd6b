import { expect, test } from "vitest";
import { clockChangesOf, type LoggedChange } from "./clock-changes.js";

function change(order: number, from: string | null, to: string | null): LoggedChange {
  return { order, from, to, shownFrom: `shown before ${order}`, shownTo: `shown after ${order}` };
}

test("changes are told oldest first by their place in the log, whatever order they came in", () => {
  const changes = [
    change(40, "2024-03-31T02:01:00", "2024-03-31T03:01:00"),
    change(12, "2024-01-02T10:00:00", "2024-01-02T09:00:00"),
  ];
  expect(clockChangesOf(changes, [])).toEqual([
    { order: 12, from: "2024-01-02T10:00:00", to: "2024-01-02T09:00:00" },
    { order: 40, from: "2024-03-31T02:01:00", to: "2024-03-31T03:01:00" },
  ]);
});

test("out of a clock that the meter marks as lost, nothing is reckoned: what it showed is no time", () => {
  const changes = [
    change(12, "2024-01-02T10:00:00", null),
    change(13, "2007-01-01T00:04:00", "2024-01-02T15:00:00"),
    change(40, "2024-03-31T02:01:00", "2024-03-31T03:01:00"),
  ];
  expect(clockChangesOf(changes, []).map(({ from, to }) => [from, to])).toEqual([
    ["2024-01-02T10:00:00", "shown after 12"],
    ["shown before 13", "2024-01-02T15:00:00"],
    ["2024-03-31T02:01:00", "2024-03-31T03:01:00"],
  ]);
});

test("a clock that shows a time long before one that the log had reached was lost, marked or not", () => {
  const changes = [
    change(10, "2023-12-01T10:00:00", "2023-12-01T11:00:00"),
    change(20, "2007-01-01T00:04:00", "2024-01-05T15:00:00"),
  ];
  const [first, second] = clockChangesOf(changes, [{ order: 15, wall: "2024-01-02T10:00:00" }]);
  expect(first?.from).toBe("2023-12-01T10:00:00");
  expect(second).toEqual({ order: 20, from: "shown before 20", to: "2024-01-05T15:00:00" });
  // The change before it had set a later time already: no reading is needed.
  expect(clockChangesOf(changes, [])[1]?.from).toBe("shown before 20");
});

test("a year that was set wrong and put right is a change as any other", () => {
  const changes = [change(20, "2007-01-05T15:00:00", "2024-01-05T15:00:00")];
  const stamps = [
    { order: 3, wall: "2007-01-02T10:00:00" },
    { order: 25, wall: "2024-01-06T10:00:00" },
  ];
  expect(clockChangesOf(changes, stamps)).toEqual([
    { order: 20, from: "2007-01-05T15:00:00", to: "2024-01-05T15:00:00" },
  ]);
});

test("a time within a day of what the log had reached is no lost clock", () => {
  const changes = [change(20, "2024-01-02T09:00:00", "2024-01-03T09:00:00")];
  const told = clockChangesOf(changes, [{ order: 15, wall: "2024-01-03T08:00:00" }]);
  expect(told[0]?.from).toBe("2024-01-02T09:00:00");
});
