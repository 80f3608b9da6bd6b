import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY_FIELDS, type RecordFields } from "../domain/record.js";
import { type BaseKind, type Merged, merge as mergeFrom, type Side, sameSide } from "./merge.js";

const manual: RecordFields = {
  ...EMPTY_FIELDS,
  time: "2026-01-01T08:00:00.000Z",
  timeQuality: "exact",
  source: "manual",
  value: 100,
  unit: "mg/dL",
};
const meter: RecordFields = { ...manual, source: "meter", serial: "S", timeQuality: "device" };
const side = (fields: RecordFields, change: Partial<RecordFields> = {}, deleted = false): Side => ({
  deleted,
  fields: { ...fields, ...change },
});

const merge = (base: Side, local: Side, remote: Side, kind: BaseKind = "agreed"): Merged =>
  mergeFrom({ side: base, kind }, local, remote);

describe("merge", () => {
  test("keeps both sides' changes of different fields", () => {
    const { side: merged, conflicts } = merge(
      side(manual),
      side(manual, { note: "here" }),
      side(manual, { meal: "after" }),
    );
    expect(merged).toEqual(side(manual, { note: "here", meal: "after" }));
    expect(conflicts).toEqual([]);
  });

  test("keeps the local value of a field that both changed, and says so", () => {
    const { side: merged, conflicts } = merge(
      side(manual, { note: "old" }),
      side(manual, { note: "here" }),
      side(manual, { note: "there" }),
    );
    expect(merged.fields.note).toBe("here");
    expect(conflicts).toEqual([{ field: "note", base: "old", local: "here", remote: "there" }]);
  });

  test.each(["value", "unit", "deviceTime", "serial", "control", "model"] as const)(
    "never changes what a meter said: %s",
    (field) => {
      const other = {
        value: 90,
        unit: "mmol/L",
        deviceTime: "2026-01-01T09:00:00",
        serial: "T",
        control: true,
        model: "M",
      }[field];
      const { side: merged, conflicts } = merge(side(meter), side(meter), side(meter, { [field]: other }));
      expect(merged).toEqual(side(meter));
      expect(conflicts).toEqual([{ field, base: meter[field], local: meter[field], remote: other }]);
    },
  );

  test("lets a value that a person typed be corrected on the other side", () => {
    expect(merge(side(manual), side(manual), side(manual, { value: 90 }))).toEqual({
      side: side(manual, { value: 90 }),
      conflicts: [],
    });
  });

  test.each([
    ["deleted there, edited here", side(manual, { note: "n" }), side(manual, {}, true), false, 1],
    ["deleted here, edited there", side(manual, {}, true), side(manual, { note: "n" }), false, 1],
    ["deleted there, untouched here", side(manual), side(manual, {}, true), true, 0],
    ["deleted here, untouched there", side(manual, {}, true), side(manual), true, 0],
    ["deleted on both sides", side(manual, {}, true), side(manual, {}, true), true, 0],
  ])("%s", (_what, local, remote, deleted, count) => {
    const merged = merge(side(manual), local, remote);
    expect(merged.side.deleted).toBe(deleted);
    expect(merged.conflicts.length).toBe(count);
    if (!deleted) expect(merged.side.fields.note).toBe("n");
  });

  test("brings back what one side restored", () => {
    const base = side(manual, {}, true);
    expect(merge(base, side(manual), base).side.deleted).toBe(false);
    expect(merge(base, base, side(manual)).side.deleted).toBe(false);
  });

  test("of a reading that two hubs read on their own, takes the first one's estimate without a conflict", () => {
    const here = side(meter, { timeQuality: "corrected", utcOffset: 60 });
    const there = side(meter, { timeQuality: "device", utcOffset: 0, time: "2026-01-01T07:00:00.000Z" });
    expect(merge(here, here, there, "presumed")).toEqual({ side: there, conflicts: [] });
    const noted = side(here.fields, { note: "here" });
    expect(merge(here, noted, there, "presumed")).toEqual({
      side: side(there.fields, { note: "here" }),
      conflicts: [],
    });
  });

  test("a deletion of a reading that another hub read on its own is no conflict, though the estimates differ", () => {
    const here = side(meter, { timeQuality: "corrected", utcOffset: 60 });
    const deletedThere = side(meter, { timeQuality: "device", utcOffset: 0 }, true);
    expect(merge(here, here, deletedThere, "presumed")).toEqual({ side: deletedThere, conflicts: [] });
    const noted = side(here.fields, { note: "here" });
    expect(merge(here, noted, deletedThere, "presumed").side.deleted).toBe(false);
  });

  test("keeps a field that only a newer cloud knows", () => {
    const remote: Side = { deleted: false, fields: { ...manual, mood: "fine" } as RecordFields };
    expect(merge(side(manual), side(manual, { note: "n" }), remote).side.fields).toMatchObject({
      note: "n",
      mood: "fine",
    });
    const read: Side = { deleted: false, fields: { ...meter, mood: "fine" } as RecordFields };
    expect(merge(side(meter), side(meter), read)).toEqual({ side: read, conflicts: [] });
  });
});

describe("merge from a base that the cloud may have gone back behind", () => {
  const doubtful = (base: Side, local: Side, remote: Side, ...wavering: string[]): Merged =>
    mergeFrom({ side: base, kind: "doubtful", wavered: (field) => wavering.includes(field) }, local, remote);
  const noted = side(manual, { note: "said here" });

  test("does not give up a field that was changed here for the cloud's, and says so", () => {
    const { side: merged, conflicts } = doubtful(noted, noted, side(manual, { note: null, meal: "after" }), "note");
    expect(merged).toEqual(side(manual, { note: "said here", meal: "after" }));
    expect(conflicts).toEqual([
      { field: "meal", base: null, local: null, remote: "after", yielded: true },
      { field: "note", base: "said here", local: "said here", remote: null },
    ]);
  });

  test("gives up a field that never changed here, but does not forget it, and keeps a change that the cloud had not got", () => {
    expect(
      doubtful(noted, side(noted.fields, { meal: "after" }), side(noted.fields, { patient: "p" }), "note"),
    ).toEqual({
      side: side(noted.fields, { meal: "after", patient: "p" }),
      conflicts: [{ field: "patient", base: null, local: null, remote: "p", yielded: true }],
    });
  });

  test.each([
    ["deleted here, there not any more", side(manual, {}, true), side(manual, {}, true), noted, ["deleted"], false, 2],
    ["deleted there, never changed here", side(manual), side(manual), side(manual, {}, true), [], true, 0],
    ["deleted there, changed here before", noted, noted, side(manual, {}, true), ["note"], false, 2],
    [
      "deleted there, brought back here before",
      side(manual),
      side(manual),
      side(manual, {}, true),
      ["deleted"],
      false,
      1,
    ],
  ] as const)("%s", (_what, base, local, remote, wavering, deleted, count) => {
    const merged = doubtful(base, local, remote, ...wavering);
    expect(merged.side.deleted).toBe(deleted);
    expect(merged.conflicts.length).toBe(count);
  });
});

test("of a field that was changed here and changed back, before both sides ever met, is not given up for the cloud's", () => {
  const first = side(manual, { note: "n" });
  const cleared = side(manual, { note: null });
  const wavered = (field: string): boolean => field === "note";
  expect(mergeFrom({ side: first, kind: "presumed", wavered }, first, cleared)).toEqual({
    side: first,
    conflicts: [{ field: "note", base: "n", local: "n", remote: null }],
  });
});

describe("merge of any three sides", () => {
  const word = fc.constantFrom(null, "a", "b", "c");
  const any = fc
    .record({ deleted: fc.boolean(), note: word, patient: word, value: fc.constantFrom(90, 100, 110) })
    .map(({ deleted, ...change }) => side(manual, change, deleted));

  test("loses nothing: every field is a side's, and one that both changed is a conflict", () => {
    fc.assert(
      fc.property(any, any, any, (base, local, remote) => {
        const { side: merged, conflicts } = merge(base, local, remote);
        for (const name of ["note", "patient", "value"] as const) {
          const [b, l, r, m] = [base, local, remote, merged].map((each) => each.fields[name]);
          const clash = l !== b && r !== b && l !== r;
          expect(m).toBe(clash || r === b ? l : r);
          expect(conflicts.some((conflict) => conflict.field === name)).toBe(clash);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("of equal sides is that side; with an unchanged side is the other", () => {
    fc.assert(
      fc.property(any, any, (base, other) => {
        expect(sameSide(merge(base, other, other).side, other)).toBe(true);
        expect(sameSide(merge(base, base, other).side, other)).toBe(true);
        expect(sameSide(merge(base, other, base).side, other)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
