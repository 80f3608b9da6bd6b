import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import { cut, inMemory, run } from "../../test/fixtures/healthkit/run.js";
import { type SlowReading, slowRead } from "../../test/fixtures/healthkit/slow-reader.js";

/** What the slow reader knows. */
const KINDS: ReadonlySet<Kind> = new Set<Kind>(["glucose", "insulin", "carbs", "heart_rate", "steps", "weight"]);
const root = fileURLToPath(new URL("../../../shared/vectors/exports/", import.meta.url));
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../test/fixtures/healthkit/${name}`, import.meta.url));

function told(reading: SourceReading): SlowReading {
  const { kind, value, unit, sourceName, instantMs, endMs, outOfRange, meal, delivery } = reading;
  const startMs = instantMs ?? Number.NaN;
  const name = sourceName ?? "";
  return {
    kind,
    value: value ?? Number.NaN,
    unit: unit ?? "",
    sourceName: name,
    startMs,
    endMs: endMs ?? startMs,
    outOfRange,
    meal,
    delivery,
  };
}

const minute = (index: number): string =>
  new Date(1.7e12 + index * 60_000).toISOString().slice(0, 19).replace("T", " ");

/** A name or unit as it may be printed. */
const words = fc.constantFrom(
  "App",
  "Jo\u2019s\u00a0Watch",
  "A &amp; B",
  "&#83;ensor",
  "&quot;x&quot; > y",
  "\u000b",
  "",
);
const TYPES: readonly (readonly [type: string, units: readonly string[]])[] = [
  ["BloodGlucose", ["mg/dL", "mmol&lt;180.1558800000541&gt;/L", "mmol/l", "g/L"]],
  ["InsulinDelivery", ["IU", "U"]],
  ["DietaryCarbohydrates", ["g", "oz"]],
  ["HeartRate", ["count/min"]],
  ["StepCount", ["count"]],
  ["BodyMass", ["kg", "lb"]],
  ["Blood&#71;lucose", ["mg/dL"]],
  ["ActiveEnergyBurned", ["kcal"]],
];
const record = fc
  .record({
    type: fc.constantFrom(...TYPES).chain(([type, units]) => fc.tuple(fc.constant(type), fc.constantFrom(...units))),
    source: words,
    value: fc.oneof(
      fc.constantFrom("104", "5.8", "0", "-3", "1e2", "104,5", "0.30000000000000004", "&#49;04", "007", "", "1."),
      fc.integer({ min: 0, max: 999 }).map(String),
    ),
    seconds: fc.integer({ min: 0, max: 59 }),
    offset: fc.constantFrom("+0000", "+0100", "-0330", "+1600"),
    order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
    quote: fc.constantFrom('"', '"', '"', "'"),
    gap: fc.constantFrom(" ", " ", "\n  "),
    drop: fc.oneof({ weight: 9, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 7 }) }),
    metadata: fc.array(
      fc.tuple(
        fc.constantFrom(
          "HKBloodGlucoseMealTime",
          "HKInsulinDeliveryReason",
          "HKMetadataKeyQuantityClampedToLowerBound",
          "x",
        ),
        fc.constantFrom("0", "1", "2"),
      ),
      { maxLength: 3 },
    ),
    around: fc.constantFrom(
      "",
      "",
      "",
      "<!-- <Record -->",
      "<?a ?>",
      "<![CDATA[ > ]]>",
      "<Workout a='>'><WorkoutEvent/></Workout>",
    ),
    correlated: fc.boolean(),
  })
  .map((parts) => (index: number) => {
    const { type, source, quote: q, gap } = parts;
    const start = `${minute(index).slice(0, 17)}${String(parts.seconds).padStart(2, "0")} ${parts.offset}`;
    const attributes = [
      `type=${q}HKQuantityTypeIdentifier${type[0]}${q}`,
      `sourceName=${q}${source}${q}`,
      `unit=${q}${type[1]}${q}`,
      `startDate=${q}${start}${q}`,
      `endDate=${q}${start}${q}`,
      `value = ${q}${parts.value}${q}`,
      `device=${q}&lt;&lt;HKDevice: 0x1&gt;, name:n${q}`,
      `creationDate=${q}${start}${q}`,
    ];
    const list = parts.order.filter((at) => at !== parts.drop).map((at) => `${gap}${attributes[at]}`);
    const inside = parts.metadata.map(([key, value]) => `\n <MetadataEntry value="${value}" key="${key}"/>`).join("");
    const element = inside === "" ? `<Record${list.join("")} />` : `<Record${list.join("")}>${inside}</Record>`;
    const food = `<Correlation type="HKCorrelationTypeIdentifierFood">${element}</Correlation>`;
    return `${parts.around}\n ${parts.correlated ? food : element}\n`;
  });
const document = fc
  .array(record, { maxLength: 8 })
  .map((records) =>
    Buffer.from(`<HealthData locale="en">${records.map((one, at) => one(at)).join("")}</HealthData>\n`),
  );

describe("against a slow and strict reader", () => {
  test("every generated export gives the same, in pieces of any size", async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        document,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        async (bytes, lengths) => {
          const expected = slowRead(bytes);
          expect(expected.damagedAt).toBeNull();
          const { readings, unreadable, problem } = await run(inMemory(cut(bytes, lengths)), KINDS);
          expect(problem).toBeNull();
          expect(readings.map(told)).toEqual(expected.readings);
          expect(unreadable).toHaveLength(expected.unreadable);
          compared += readings.length;
        },
      ),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(300);
  });

  test("no damage makes a reading that its own bytes do not hold, or takes one that stood before it", async () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.integer({ min: 0, max: 40 }),
      put: fc.oneof(
        fc.constantFrom(
          "<",
          ">",
          '"',
          "'",
          "/",
          "&",
          "=",
          "\0",
          "\u00ff",
          "<Record ",
          "/>",
          "</Record>",
          "<!--",
          "]]>",
          "<HealthData>",
        ),
        fc.string({ maxLength: 3, unit: "binary" }),
      ),
    });
    let damaged = 0;
    await fc.assert(
      fc.asyncProperty(
        document,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 500 }),
        async (sound, changes, size) => {
          let bytes: Buffer = sound;
          for (const { at, cut: length, put } of changes) {
            const from = Math.floor(at * bytes.length);
            bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(from + length)]);
          }
          const slow = slowRead(bytes);
          const result = await run(inMemory(cut(bytes, [size])), KINDS);
          if (slow.damagedAt !== null) damaged++;
          for (const reading of result.readings) {
            const raw = Buffer.from(reading.raw);
            expect(bytes.includes(raw)).toBe(true);
            const alone = slowRead(Buffer.concat([Buffer.from("<HealthData>"), raw, Buffer.from("</HealthData>")]));
            expect(alone.readings).toEqual([told(reading)]);
          }
          const mine = new Set(result.readings.map((one) => JSON.stringify(told(one))));
          for (const one of slow.readings) expect(mine).toContain(JSON.stringify(one));
          if (slow.damagedAt === null) expect(result.problem).toBeNull();
          if (result.problem !== null) expect(["IMPORT_MALFORMED", "IMPORT_TRUNCATED"]).toContain(result.problem);
          // All kinds at once may give more, and must end as well.
          expect((await run(inMemory([bytes]))).readings.length).toBeGreaterThanOrEqual(mine.size);
        },
      ),
      { numRuns: 400 },
    );
    expect(damaged).toBeGreaterThan(100);
  });

  test("bytes of any kind never give a reading", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (noise) => {
        const result = await run(inMemory([Buffer.from("<HealthData>"), noise]));
        expect(result.readings).toEqual([]);
        expect(["IMPORT_MALFORMED", "IMPORT_TRUNCATED"]).toContain(result.problem);
      }),
      { numRuns: 200 },
    );
  });

  test("the fixtures give the same, one byte at a time too", async () => {
    const mixed = fixture("mixed.xml");
    const expected = slowRead(mixed);
    expect(expected.readings).toHaveLength(11);
    for (const size of [1, 7, 4096]) {
      const { readings } = await run(inMemory(cut(mixed, [size])), KINDS);
      expect(readings.map(told)).toEqual(expected.readings);
    }
  });
});

const samples = existsSync(root)
  ? ["apple", "synthetic"].flatMap((folder) =>
      readdirSync(root + folder)
        .filter((name) => name.endsWith(".xml"))
        .map((name) => `${folder}/${name}`),
    )
  : [];

describe.skipIf(samples.length === 0)("the collected exports", () => {
  test("are thirteen", () => {
    expect(samples).toHaveLength(13);
  });

  test.each(samples)("%s gives what the slow reader finds, whatever the pieces", async (name) => {
    const bytes = readFileSync(root + name);
    const expected = slowRead(bytes);
    expect(expected.damagedAt).toBeNull();
    for (const size of [1, 2, 3, 64, 1 << 20]) {
      const { readings, unreadable } = await run(inMemory(cut(bytes, [size])), KINDS);
      expect(readings.map(told)).toEqual(expected.readings);
      expect(unreadable).toHaveLength(expected.unreadable);
    }
  });
});

function xmllint(...args: string[]): string | null {
  try {
    return execFileSync("xmllint", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}

describe.skipIf(xmllint("--version") === null)("xmllint", () => {
  test("counts as many records of each type in the fixture", async () => {
    const path = fileURLToPath(new URL("../../test/fixtures/healthkit/correlations.xml", import.meta.url));
    const count = xmllint("--xpath", "count(/HealthData/Record)", path);
    const children = xmllint("--xpath", "count(//Correlation/Record)", path);
    // Of four children one has no twin at the top level.
    const { readings } = await run(inMemory([readFileSync(path)]));
    expect([Number(count), Number(children), readings.length]).toEqual([4, 4, 5]);
  });
});
