import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reading } from "../../test/helpers/ingest.js";
import { isUuid } from "../domain/identity.js";
import type { SourceIdentity, SourceReading } from "../domain/reading.js";
import type { NewRecord } from "../store/records.js";
import { type NormaliserOptions, normaliser } from "./normalise.js";
import { ownerBySerial } from "./owner.js";
import { timePlacer } from "./place-time.js";

const IDENTITY: SourceIdentity = {
  manufacturer: "LifeScan",
  model: "OneTouch Ultra 2",
  serial: "ABC123Y",
  firmware: null,
  displayUnit: null,
};

function options(given: Partial<NormaliserOptions> = {}, clockErrorMs: number | null = 0): NormaliserOptions {
  return {
    source: "meter",
    sourceName: null,
    identity: IDENTITY,
    place: timePlacer({ zone: "Europe/London", clockErrorMs, nowMs: Date.parse("2024-03-05T12:00:00Z") }),
    patientOf: () => null,
    ...given,
  };
}

function record(from: SourceReading, given: NormaliserOptions = options()): NewRecord {
  const { record: made, unreadable } = normaliser(given)(from);
  if (made === null) throw new Error(unreadable.detail);
  return made;
}

describe("a meter's reading", () => {
  test("becomes a record that says what the meter said and what is known of it", () => {
    const made = record(
      reading({ value: 5.6, unit: "mmol/L", meal: "before", note: "Stress", specimen: "capillary" }),
      options({ patientOf: (serial) => (serial === "ABC123Y" ? "anna" : null) }),
    );
    expect(made.kind).toBe("glucose");
    expect(Buffer.from(made.raw ?? []).toString()).toBe("2024-03-05T08:00:00 5.6");
    expect(made.fields).toEqual({
      time: "2024-03-05T08:00:00.000Z",
      endTime: null,
      utcOffset: 0,
      deviceTime: "2024-03-05T08:00:00",
      timeQuality: "device",
      value: 5.6,
      value2: null,
      unit: "mmol/L",
      outOfRange: null,
      control: false,
      meal: "before",
      specimen: "capillary",
      delivery: null,
      note: "Stress",
      patient: "anna",
      source: "meter",
      sourceName: null,
      manufacturer: "LifeScan",
      model: "OneTouch Ultra 2",
      serial: "ABC123Y",
    });
  });

  test("keeps its value, unit and flags to the letter, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6_000 }),
        fc.constantFrom("mg/dL", "mmol/L"),
        fc.constantFrom("low", "high", null),
        fc.boolean(),
        (tenths, unit, outOfRange, control) => {
          const { fields } = record(reading({ value: tenths / 10, unit, outOfRange, control }));
          expect(fields).toMatchObject({ value: tenths / 10, unit, outOfRange, control });
        },
      ),
    );
  });

  test("has the same id whatever the hub makes of it: its clock, the patient, the second reading of the meter", () => {
    const once = record(reading());
    const again = record(
      reading({ raw: Buffer.from("other bytes") }),
      options({ patientOf: () => "bert" }, 3_600_000 * 3),
    );
    expect(again.fields.time).not.toBe(once.fields.time);
    expect(again.id).toBe(once.id);
    expect(isUuid(once.id)).toBe(true);
  });

  test("has another id where anything that the meter said differs", () => {
    const differing: Partial<SourceReading>[] = [
      {},
      { kind: "ketone", unit: "mmol/L" },
      { deviceTime: "2024-03-05T08:00:01" },
      { deviceTime: null },
      { index: 0 },
      { index: 1 },
      { asSent: "102" },
      { control: true },
      { device: { manufacturer: "LifeScan", model: null, serial: "OTHER" } },
      { device: { manufacturer: "Roche", model: null, serial: "ABC123Y" } },
      { device: { manufacturer: "LifeScan", model: null, serial: null } },
    ];
    expect(new Set(differing.map((given) => record(reading(given)).id)).size).toBe(differing.length);
  });

  test("lives beside an equal one of the same second, and both have the same ids the next time, in any mixture", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 80, max: 83 }), { minLength: 1, maxLength: 30 }), (values) => {
        const ids = (list: readonly number[]): string[] => {
          const normalise = normaliser(options());
          return list.map((value) => normalise(reading({ value })).record?.id ?? "");
        };
        const first = ids(values);
        expect(new Set(first).size).toBe(values.length);
        expect(ids([...values].reverse()).sort()).toEqual([...first].sort());
      }),
    );
  });

  test("with a key that all links share has the same id over each of them, and equal ones of a minute both live", () => {
    const byCable = {
      testKey: "2024-03-05T08:00 101 mg/dL",
      index: 7,
      asSent: "101 mg/dL",
      deviceTime: "2024-03-05T08:00:24",
    };
    const byRadio = { ...byCable, index: null, asSent: "65 b0", deviceTime: "2024-03-05T08:00:00" };
    const idsOf = (...given: readonly Partial<SourceReading>[]): (string | undefined)[] => {
      const normalise = normaliser(options());
      return given.map((one) => normalise(reading(one)).record?.id);
    };
    const [first, second] = idsOf(byCable, byCable);
    expect(idsOf(byRadio, byRadio)).toEqual([first, second]);
    expect(first).not.toBe(second);
    expect(idsOf({ ...byRadio, control: true })).not.toEqual([first]);
    expect(idsOf({ ...byRadio, testKey: "2024-03-05T08:01 101 mg/dL" })).not.toEqual([first]);
  });

  test("without a clock is placed at the session, suspect, with no device time, and is itself the next time", () => {
    const lost = record(reading({ deviceTime: null }));
    expect(lost.fields).toMatchObject({ time: "2024-03-05T12:00:00.000Z", deviceTime: null, timeQuality: "suspect" });
    const later = timePlacer({ zone: "Europe/London", clockErrorMs: null, nowMs: Date.parse("2024-04-05T12:00:00Z") });
    expect(record(reading({ deviceTime: null }), options({ place: later })).id).toBe(lost.id);
  });
});

describe("an export's reading", () => {
  const given = { instantMs: Date.parse("2024-02-01T10:00:00.250Z"), deviceTime: null, sourceKey: "sync-1" };
  const apple = options({ source: "healthkit", sourceName: "Apple Health", identity: { ...IDENTITY, serial: null } });

  test("has its instant as exact, its own offset, its end, and its app's name", () => {
    const made = record(
      reading({ ...given, endMs: given.instantMs + 1_500, utcOffset: 345, sourceName: "mySugr" }),
      apple,
    );
    expect(made.fields).toMatchObject({
      time: "2024-02-01T10:00:00.250Z",
      endTime: "2024-02-01T10:00:01.750Z",
      utcOffset: 345,
      timeQuality: "exact",
      deviceTime: null,
      source: "healthkit",
      sourceName: "mySugr",
    });
  });

  test("is named by the source's own key alone", () => {
    const once = record(reading(given), apple);
    expect(record(reading({ ...given, value: 200, sourceName: "other" }), apple).id).toBe(once.id);
    expect(record(reading({ ...given, sourceKey: "sync-2" }), apple).id).not.toBe(once.id);
    expect(record(reading({ ...given, kind: "ketone", unit: "mmol/L" }), apple).id).not.toBe(once.id);
    expect(record(reading(given), { ...apple, source: "file" }).id).not.toBe(once.id);
  });

  test("without a key is told apart by instant and app", () => {
    const keyless = { ...given, sourceKey: null };
    const ids = [keyless, { ...keyless, instantMs: 0 }, { ...keyless, sourceName: "x" }, { ...keyless, endMs: 1 }].map(
      (one) => record(reading(one), apple).id,
    );
    expect(new Set(ids).size).toBe(4);
  });
});

describe("what fits no record", () => {
  test.each<[string, Partial<SourceReading>, RegExp]>([
    ["a unit of another kind", { unit: "U" }, /unit of glucose must be/],
    ["no value", { value: null }, /value must be a number/],
    ["a value that is no number", { value: Number.NaN }, /value must be/],
    ["a negative value", { value: -4 }, /value must be/],
    ["a date that does not exist", { deviceTime: "2024-02-30T08:00:00" }, /can't be placed/],
    ["a year beyond all years", { deviceTime: "2400-02-01T08:00:00" }, /time must be an instant/],
    ["an instant that is none", { deviceTime: null, instantMs: Number.NaN }, /can't be placed/],
    ["a dose of ketone", { kind: "ketone", unit: "mmol/L", delivery: "bolus" }, /has no delivery/],
  ])("%s comes back with its bytes and a sentence, and stops nothing", (_title, given, sentence) => {
    const normalise = normaliser(options());
    const { record: none, unreadable } = normalise(reading(given));
    expect(none).toBeNull();
    expect(unreadable?.code).toBe("RECORD_INVALID");
    expect(unreadable?.detail).toMatch(sentence);
    expect(unreadable?.raw).toEqual(reading(given).raw);
    expect(normalise(reading()).record).not.toBeNull();
  });
});

describe("the owner", () => {
  const ownerOf = ownerBySerial(
    [
      { id: "anna", zone: "Asia/Kathmandu", meters: ["ABC123Y"] },
      { id: "bert", zone: null, meters: ["0042", "42"] },
    ],
    "Europe/London",
  );

  test.each([
    ["ABC123Y", "anna", "Asia/Kathmandu"],
    ["abc123y", null, "Europe/London"],
    ["ABC123", null, "Europe/London"],
    ["0042", "bert", "Europe/London"],
    ["042", null, "Europe/London"],
    [null, null, "Europe/London"],
  ])("of %j is %j in %s", (serial, patient, zone) => {
    expect(ownerOf(serial)).toEqual({ patient, zone });
  });

  test("named for an import gets what no list names, in that person's zone", () => {
    const anna = { id: "anna", zone: "Asia/Kathmandu", meters: [] };
    const bert = { id: "bert", meters: ["42"] };
    const named = ownerBySerial([anna, bert], "Europe/London", "anna");
    expect(named(null)).toEqual({ patient: "anna", zone: "Asia/Kathmandu" });
    expect(named("42")).toEqual({ patient: "bert", zone: "Europe/London" });
  });
});
