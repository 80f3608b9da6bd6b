import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { offsetAt } from "../../src/domain/zone.js";
import { decodeText } from "../shared/xml/text.js";
import { parseInstant } from "./date.js";
import { parseDevice } from "./device.js";
import { Hash } from "./hash.js";
import { createOffsets } from "./offsets.js";
import { createTally } from "./tally.js";

/** The text's date, in the middle of other bytes. */
function instantOf(text: string): number | null {
  const bytes = Buffer.from(`12${text}34`);
  return parseInstant(bytes, 2, bytes.length - 2);
}

describe("dates", () => {
  test("are the instants that JavaScript's own parser sees in their ISO spelling", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1970-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
        fc.integer({ min: 0, max: 14 }),
        fc.constantFrom("00", "15", "30", "45"),
        fc.constantFrom("+", "-"),
        (date, hours, minutes, sign) => {
          const wall = date.toISOString().slice(0, 19);
          const hour = String(hours).padStart(2, "0");
          const expected = Date.parse(`${wall}${sign}${hour}:${minutes}`);
          expect(instantOf(`${wall.replace("T", " ")} ${sign}${hour}${minutes}`)).toBe(expected);
        },
      ),
    );
  });

  const none = [
    "",
    "2024-02-30 08:00:00 +0000",
    "2023-02-29 08:00:00 +0000",
    "2024-13-01 08:00:00 +0000",
    "2024-00-01 08:00:00 +0000",
    "2024-01-00 08:00:00 +0000",
    "2024-01-01 24:00:00 +0000",
    "2024-01-01 08:60:00 +0000",
    "2024-01-01 08:00:60 +0000",
    "2024-01-01 08:00:00 +1600",
    "2024-01-01 08:00:00 +0060",
    "2024-01-01 08:00:00",
    "2024-01-01T08:00:00Z",
    "2024-01-01 8:00:00 +0000",
    "0024-01-01 08:00:00 +0000",
    " 2024-01-01 08:00:00 +0000",
    "01.01.2024 08:00:00 +0000",
  ];
  test.each(none)("refuse %j", (text) => {
    expect(instantOf(text)).toBeNull();
  });

  test("exist on leap days", () => {
    expect(instantOf("2024-02-29 23:59:59 -0100")).toBe(Date.parse("2024-03-01T00:59:59Z"));
  });
});

describe("devices", () => {
  const cases: readonly [string, string | null, string | null][] = [
    ["<<HKDevice: 0x281e3c0a0>, name:Dexcom G7, manufacturer:Dexcom, model:G7>", "Dexcom", "G7"],
    [
      "<<HKDevice: 0x1>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,7, software:10.2>",
      "Apple Inc.",
      "Watch",
    ],
    ["<<HKDevice: 0x1>, name:A, B, manufacturer:C, Inc., hardware:H>", "C, Inc.", "A, B"],
    ["<<HKDevice: 0x1>, hardware:Watch2,4>", null, "Watch2,4"],
    ["a > b, name:x·y", null, "x·y"],
  ];
  test.each(cases)("are read from %s", (printed, manufacturer, model) => {
    expect(parseDevice(printed)).toEqual({ manufacturer, model, serial: null });
  });

  test("that tell nothing but an address are none", () => {
    expect(parseDevice("<<HKDevice: 0x281e3c0a0>>")).toBeNull();
    expect(parseDevice("")).toBeNull();
  });
});

describe("text", () => {
  const decode = (text: string): unknown => {
    const bytes = Buffer.from(`--${text}--`);
    return decodeText(bytes, 2, bytes.length - 2);
  };

  test("has its references resolved once", () => {
    expect(decode("a &lt;&gt;&amp;&quot;&apos; &#183;&#x1F600; &amp;lt; ü")).toEqual({
      text: "a <>&\"' ·\u{1F600} &lt; ü",
      sound: true,
    });
  });

  test.each(["&", "&nbsp;", "&#0;", "&#xD800;", "&#x110000;", "&#;", "&amp", "a & b"])(
    "with %j is not sound",
    (text) => {
      expect(decode(text)).toEqual({ text, sound: false });
    },
  );

  test("escaped by the rules comes back as it was", () => {
    const written = (text: string): string =>
      text
        .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
        .replace(/[\t\n\r]/g, (sign) => `&#x${sign.charCodeAt(0).toString(16)};`);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decode(written(text))).toEqual({ text, sound: true });
      }),
    );
  });
});

test("offsets are those of the zone, at every half hour of a year with its changes", () => {
  const offsetOf = createOffsets();
  let compared = 0;
  for (const zone of ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]) {
    for (let ms = Date.UTC(2024, 2, 25); ms < Date.UTC(2024, 3, 10); ms += 1_800_000 - 1) {
      expect(offsetOf(zone, ms)).toBe(offsetAt(zone, ms));
      compared++;
    }
  }
  expect(compared).toBe(3 * 769);
  expect(offsetOf("Nowhere/City", 0)).toBeNull();
  expect(offsetOf("+02:00", 0)).toBeNull();
});

function hashed(text: string): Hash {
  const hash = new Hash();
  hash.set(text);
  return hash;
}

describe("the tally", () => {
  test("numbers different contents of a name as a plain map does", () => {
    const step = fc.record({ name: fc.integer({ min: 0, max: 20 }), content: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const tally = createTally();
        const model = new Map<number, number[]>();
        for (const { name, content } of steps) {
          const seen = model.get(name) ?? [];
          const expected = seen.includes(content) ? null : seen.length;
          if (expected !== null) model.set(name, [...seen, content]);
          expect(tally.distinct(hashed(`n${name}`), content)).toBe(expected);
        }
      }),
    );
  });

  test("numbers occurrences, each pair of child and twin once, as plain counting does", () => {
    const step = fc.record({
      name: fc.integer({ min: 0, max: 3 }),
      content: fc.integer({ min: 0, max: 2 }),
      child: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const tally = createTally();
        const sides = new Map<string, number>();
        const given = new Map<number, number>();
        for (const { name, content, child } of steps) {
          const mine = (sides.get(`${name} ${content} ${child}`) ?? 0) + 1;
          sides.set(`${name} ${content} ${child}`, mine);
          const twin = mine <= (sides.get(`${name} ${content} ${!child}`) ?? 0);
          const number = given.get(name) ?? 0;
          if (!twin) given.set(name, number + 1);
          expect(tally.next(hashed(`n${name}`), content * 1000, child)).toBe(twin ? null : number);
        }
      }),
    );
  });

  test("takes half a million names for as many", () => {
    const tally = createTally();
    let repeated = 0;
    const name = (at: number): Hash => {
      const hash = hashed('"HKQuantityTypeIdentifierHeartRate","Watch"');
      hash.mix(1.5e12 + at * 1000);
      hash.mix(1.5e12 + at * 1000);
      return hash;
    };
    for (let at = 0; at < 500_000; at++) if (tally.distinct(name(at), 7) !== 0) repeated++;
    expect(repeated).toBe(0);
    expect(tally.distinct(name(0), 7)).toBeNull();
  });
});
