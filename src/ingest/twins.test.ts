import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copied, measured } from "../../test/helpers/twins.js";
import type { RecordFields } from "../domain/record.js";
import { sayTheSame } from "../domain/twins.js";
import type { TwinRecord } from "../store/twins.js";
import { MOST_NEIGHBOURS, twinOf } from "./twins.js";

const at = (text: string): string => `2024-03-05T${text}.000Z`;

describe("a meter's record and an export's say the same", () => {
  const pairs: [string, Partial<RecordFields>, Partial<RecordFields>, boolean][] = [
    ["where everything is equal", {}, {}, true],
    ["a minute apart", {}, { time: at("08:01:00") }, true],
    ["a minute before", {}, { time: at("07:59:00") }, true],
    ["more than a minute apart", {}, { time: "2024-03-05T08:01:00.001Z" }, false],
    ["by another value", {}, { value: 102 }, false],
    ["in the other unit, as it would be printed", {}, { value: 5.6, unit: "mmol/L" }, true],
    ["in the other unit, not rounded", {}, { value: 101 / 18.0156, unit: "mmol/L" }, true],
    ["in the other unit, a digit off", {}, { value: 5.7, unit: "mmol/L" }, false],
    ["in the other unit, the meter in mmol/L", { value: 5.6, unit: "mmol/L" }, { value: 101 }, true],
    ["in the other unit, two off", { value: 5.6, unit: "mmol/L" }, { value: 103 }, false],
    ["in the same unit, a hair off", { value: 5.6, unit: "mmol/L" }, { value: 5.61, unit: "mmol/L" }, false],
    ["of the same patient", { patient: "ann" }, { patient: "ann" }, true],
    ["of another patient", { patient: "ann" }, { patient: "ben" }, false],
    ["of somebody and of nobody", { patient: "ann" }, {}, false],
    ["both LO", { outOfRange: "low", value: 20 }, { outOfRange: "low", value: 20 }, true],
    ["one of them LO", { outOfRange: "low", value: 20 }, { value: 20 }, false],
    ["LO and HI", { outOfRange: "low", value: 20 }, { outOfRange: "high", value: 20 }, false],
    ["with the meter's serial number", {}, { serial: "SER1" }, true],
    ["with another serial number", {}, { serial: "SER2" }, false],
    ["with a serial number that the meter has not told", { serial: null }, { serial: "SER1" }, false],
    ["of a control test", { control: true }, {}, false],
    ["of a control test in the export", {}, { control: true }, false],
    ["of control solution", {}, { specimen: "control" }, false],
    ["of a sensor", {}, { specimen: "interstitial" }, false],
    ["of a sensor that a meter has read", { specimen: "interstitial" }, {}, false],
    ["of blood from elsewhere", { specimen: "capillary" }, { specimen: "venous" }, false],
    ["of blood that only one knows", { specimen: "capillary" }, {}, true],
    ["at a suspect time", { timeQuality: "suspect" }, {}, false],
    ["at a corrected time", { timeQuality: "corrected" }, {}, true],
    ["from Google Fit", {}, { source: "google-fit" }, true],
    ["from Health Connect", {}, { source: "health-connect" }, true],
    ["from a file", {}, { source: "file", timeQuality: "suspect" }, true],
    ["typed by hand", {}, { source: "manual" }, false],
    ["from a sensor's receiver", {}, { source: "cgm" }, false],
    ["from another meter", {}, { source: "meter" }, false],
    ["from a sensor's receiver as the meter", { source: "cgm" }, {}, false],
  ];

  test.each(pairs)("%s, or not", (_, ours, theirs, same) => {
    expect(sayTheSame(measured(ours), copied(theirs))).toBe(same);
  });

  test("there are 36 of these, and 14 are the same", () => {
    expect([pairs.length, pairs.filter(([, , , same]) => same).length]).toEqual([36, 14]);
  });

  test("of kinds that a meter and an export may share, and only of equal ones", () => {
    const ketone = (record: TwinRecord): TwinRecord => ({
      ...record,
      kind: "ketone",
      fields: { ...record.fields, value: 0.6, unit: "mmol/L" },
    });
    expect(sayTheSame(ketone(measured()), ketone(copied()))).toBe(true);
    expect(sayTheSame(ketone(measured()), copied({ value: 0.6, unit: "mmol/L" }))).toBe(false);
    expect(sayTheSame({ ...measured(), kind: "insulin" }, { ...copied(), kind: "insulin" })).toBe(false);
  });

  test("never where one is removed, nor the other way round", () => {
    expect(sayTheSame(measured({}, 1, true), copied())).toBe(false);
    expect(sayTheSame(measured(), copied({}, 2, true))).toBe(false);
    expect(sayTheSame(copied(), measured())).toBe(false);
  });
});

describe("the twin of a meter's record", () => {
  const meter = measured();

  test("is the only record of an export that says the same", () => {
    const copy = copied();
    expect(twinOf(meter, [meter, copy, copied({ value: 120 }, 3)])).toBe(copy);
    expect(twinOf(meter, [meter])).toBeNull();
  });

  test("is none where two say the same, or two meters do", () => {
    expect(twinOf(meter, [meter, copied(), copied({ sourceName: "Other app" }, 3)])).toBeNull();
    expect(twinOf(meter, [meter, copied(), measured({ serial: "SER2" }, 3)])).toBeNull();
    // Not the same to the meter, but to the copy, which lies between them.
    const later = measured({ serial: "SER2", time: at("08:01:30") }, 3);
    expect(twinOf(meter, [meter, copied({ time: at("08:00:45") }), later])).toBeNull();
  });

  test("is none of a sensor's values, though one agrees; and the sensor is no rival", () => {
    const stream = [-10, -5, 0, 5, 10].map((minutes, index) =>
      copied(
        { sourceName: "Sensor", time: new Date(Date.parse(at("08:00:00")) + minutes * 60_000).toISOString() },
        10 + index,
      ),
    );
    expect(twinOf(meter, [meter, ...stream])).toBeNull();
    const copy = copied();
    expect(twinOf(meter, [meter, copy, ...stream])).toBe(copy);
    // Removed values are values of the sensor all the same.
    const removed = stream.map((one) => (one.row === 12 ? one : { ...one, deleted: true }));
    expect(twinOf(meter, [meter, ...removed])).toBeNull();
  });

  test("is none of a sensor that tells a value each quarter of an hour", () => {
    const stream = ["07:45:00", "08:00:00", "08:15:59"].map((time, index) => copied({ time: at(time) }, 2 + index));
    expect(twinOf(meter, [meter, ...stream])).toBeNull();
    const repeated = ["08:00:00", "08:15:59"].map((time, index) => copied({ time: at(time) }, 2 + index));
    expect(twinOf(meter, [meter, ...repeated])).toBe(repeated[0]);
  });

  test("is none in a crowd", () => {
    const crowd = (count: number) =>
      Array.from({ length: count }, (_, index) => copied({ value: 200, sourceName: `App ${index}` }, 10 + index));
    const copy = copied();
    expect(twinOf(meter, [meter, copy, ...crowd(MOST_NEIGHBOURS - 2)])).toBe(copy);
    expect(twinOf(meter, [meter, copy, ...crowd(MOST_NEIGHBOURS - 1)])).toBeNull();
  });
});

/** A small world in which much agrees by chance: a few moments within an hour, a few values, apps, meters and people. */
const worlds = fc
  .array(
    fc.record({
      ours: fc.boolean(),
      second: fc.constantFrom(0, 20, 60, 61, 90, 960, 1_020, 3_000, 3_030, 6_000, 6_060, 9_000),
      value: fc.constantFrom([101, "mg/dL"], [101, "mg/dL"], [5.6, "mmol/L"], [5.7, "mmol/L"]),
      name: fc.constantFrom("A", "B", "C", null),
      serial: fc.constantFrom("SER1", "SER1", "SER2", null),
      patient: fc.constantFrom("ann", null, null, null),
      quality: fc.constantFrom("exact", "device", "corrected", "suspect"),
      odd: fc.constantFrom("", "", "", "", "", "", "control", "interstitial", "low", "removed"),
    }),
    { minLength: 4, maxLength: 10, size: "max" },
  )
  .map((readings) =>
    readings.map(({ ours, second, value: [value, unit], name, serial, patient, quality, odd }, index) => {
      const make = ours ? measured : copied;
      const fields = {
        time: new Date(Date.parse(at("08:00:00")) + second * 1_000).toISOString(),
        ...{
          value,
          unit,
          serial,
          patient,
          sourceName: ours ? null : name,
          timeQuality: quality,
          control: odd === "control",
        },
        specimen: odd === "interstitial" ? "interstitial" : null,
        outOfRange: odd === "low" ? "low" : null,
      } as Partial<RecordFields>;
      return make(fields, index + 1, odd === "removed");
    }),
  );

/** All links of a world, as `meter-copy` rows. */
const linksOf = (world: readonly TwinRecord[]): string[] =>
  world
    .flatMap((one) => {
      const twin = one.fields.source === "meter" ? twinOf(one, world) : null;
      return twin === null ? [] : [`${one.row}-${twin.row}`];
    })
    .sort();

/** The rule once more, from the side of pairs and in other words: every doubt strikes out whoever it touches. */
function linksByHand(world: readonly TwinRecord[]): string[] {
  const ms = ({ fields }: TwinRecord) => Date.parse(fields.time);
  const inMgDl = ({ fields: { value, unit } }: TwinRecord) => (value ?? 0) * (unit === "mmol/L" ? 18.0156 : 1);
  const clean = world.filter(
    ({ deleted, fields }) => !deleted && !fields.control && fields.specimen !== "interstitial",
  );
  const meters = clean.filter(({ fields }) => fields.source === "meter" && fields.timeQuality !== "suspect");
  const copies = clean.filter(
    (one) =>
      one.fields.source === "healthkit" &&
      world.filter(
        (other) =>
          other.fields.source === "healthkit" &&
          other.fields.sourceName === one.fields.sourceName &&
          Math.abs(ms(other) - ms(one)) <= 960_000,
      ).length <= 2,
  );
  const pairs = meters.flatMap((meter) =>
    copies
      .filter(
        (copy) =>
          Math.abs(ms(meter) - ms(copy)) <= 60_000 &&
          meter.fields.patient === copy.fields.patient &&
          meter.fields.outOfRange === copy.fields.outOfRange &&
          [null, meter.fields.serial].includes(copy.fields.serial) &&
          (meter.fields.unit === copy.fields.unit
            ? meter.fields.value === copy.fields.value
            : Math.abs(inMgDl(meter) - inMgDl(copy)) <= 0.95),
      )
      .map((copy) => [meter.row, copy.row] as const),
  );
  return pairs
    .filter(([meter, copy]) => pairs.filter(([m, c]) => m === meter || c === copy).length === 1)
    .map((pair) => pair.join("-"))
    .sort();
}

describe("in any small world", () => {
  test("the links are those that the rule in other words gives", () => {
    let linked = 0;
    fc.assert(
      fc.property(worlds, (world) => {
        const links = linksOf(world);
        linked += links.length;
        expect(links).toEqual(linksByHand(world));
      }),
      { numRuns: 5_000 },
    );
    // Worlds without any link would prove nothing.
    expect(linked).toBeGreaterThan(500);
  });

  test("nobody is linked twice, and each link is of a meter's record and an export's that say the same", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const rows = linksOf(world).flatMap((link) => link.split("-").map(Number));
        expect(new Set(rows).size).toBe(rows.length);
        for (const [index, row] of rows.entries()) {
          const { source, timeQuality } = world[row - 1]?.fields ?? {};
          expect(source === "meter").toBe(index % 2 === 0);
          if (source === "meter") expect(timeQuality).not.toBe("suspect");
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("the order in which records are told changes nothing", () => {
    const shuffled = worlds.chain((world) =>
      fc.tuple(fc.constant(world), fc.shuffledSubarray(world, { minLength: world.length })),
    );
    fc.assert(
      fc.property(shuffled, ([world, other]) => {
        expect(linksOf(other)).toEqual(linksOf(world));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a record more never makes a link of what was in doubt: it only takes links away or links itself", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const before = linksOf(world.slice(0, -1));
        const added = world.at(-1)?.row;
        const fresh = linksOf(world).filter((link) => !before.includes(link));
        // A third value of an app makes its others a stream, which is no rival any more: the one way to clear a doubt.
        const maySettle = world.at(-1)?.fields.source === "healthkit";
        if (!maySettle)
          expect(
            fresh.filter(
              (link) =>
                !link
                  .split("-")
                  .map(Number)
                  .includes(added ?? 0),
            ),
          ).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
