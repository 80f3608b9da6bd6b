import { describe, expect, test } from "vitest";
import { runText } from "../../test/fixtures/healthkit/run.js";

const half = (name: "Systolic" | "Diastolic", value: number, more = "", at = "08:00:00"): string =>
  `<Record type="HKQuantityTypeIdentifierBloodPressure${name}" sourceName="Cuff" unit="mmHg" ` +
  `startDate="2024-07-01 ${at} +0000" endDate="2024-07-01 ${at} +0000" value="${value}" ${more}/>\n`;
const together = (...inside: string[]): string =>
  `<Correlation type="HKCorrelationTypeIdentifierBloodPressure" sourceName="Cuff" startDate="2024-07-01 08:00:00 +0000" ` +
  `endDate="2024-07-01 08:00:00 +0000" device="&lt;&lt;HKDevice: 0x1&gt;, name:C, manufacturer:Cuffs &amp; Co&gt;">\n` +
  `<MetadataEntry key="HKTimeZone" value="Europe/Berlin"/>\n${inside.join("")}</Correlation>\n`;
const doc = (...parts: string[]): string => `<HealthData>\n${parts.join("")}</HealthData>\n`;
const [high, low] = [half("Systolic", 121), half("Diastolic", 79)];

/** Pairs of values, and how many elements could not be read. */
async function given(
  ...parts: string[]
): Promise<readonly [readonly (readonly unknown[])[], number, readonly unknown[]]> {
  const { readings, unreadable, problem } = await runText(doc(...parts));
  expect(problem).toBeNull();
  expect(readings.every(({ kind }) => kind === "blood_pressure")).toBe(true);
  return [readings.map((r) => [r.value, r.value2]), unreadable.length, readings.map((r) => r.sourceKey)];
}

describe("a blood pressure", () => {
  test("is one reading of a correlation, with the correlation's bytes", async () => {
    const text = doc(together(high, low));
    const { readings, unreadable } = await runText(text);
    expect(unreadable).toEqual([]);
    expect(readings).toHaveLength(1);
    expect(readings[0]).toMatchObject({
      kind: "blood_pressure",
      value: 121,
      value2: 79,
      unit: "mmHg",
      asSent: "121/79 mmHg",
      instantMs: Date.UTC(2024, 6, 1, 8),
      endMs: null,
      utcOffset: 120,
      device: { manufacturer: "Cuffs & Co", model: "C", serial: null },
      sourceName: "Cuff",
    });
    const raw = Buffer.from(readings[0]?.raw ?? []).toString();
    expect(text).toContain(raw);
    expect(raw).toMatch(/^<Correlation [\s\S]*<\/Correlation>$/);
  });

  test("counts once where its halves stand at the top level too, before, after or around it", async () => {
    const [, , [key]] = await given(together(high, low));
    for (const parts of [
      [high, low, together(high, low)],
      [together(low, high), high, low],
      [high, together(high, low), low],
      [high, low, high, low, together(high, low), together(high, low)],
    ])
      expect(await given(...parts)).toEqual([[[121, 79]], 0, [key]]);
  });

  test("is made of halves of one time where there is no correlation, under the same key", async () => {
    const [, , [key]] = await given(together(high, low));
    expect(await given(low, high)).toEqual([[[121, 79]], 0, [key]]);
    expect((await given(high, half("Diastolic", 79, "", "08:00:01")))[1]).toBe(2);
  });

  test("is never guessed: halves without a partner, or with several, can't be read", async () => {
    expect(await given(high)).toEqual([[], 1, []]);
    expect(await given(low)).toEqual([[], 1, []]);
    expect(await given(together(high))).toEqual([[], 1, []]);
    expect(await given(together(high, high))).toEqual([[], 1, []]);
    const [others, faults] = await given(high, low, half("Systolic", 140), half("Diastolic", 95));
    expect([others, faults]).toEqual([[], 4]);
    // The correlations tell.
    const two = together(half("Systolic", 140), half("Diastolic", 95));
    const [both, none, keys] = await given(
      high,
      half("Systolic", 140),
      half("Diastolic", 95),
      low,
      together(high, low),
      two,
    );
    expect([both, none]).toEqual([
      [
        [121, 79],
        [140, 95],
      ],
      0,
    ]);
    expect(new Set(keys).size).toBe(2);
  });

  test("with a half that can't be read can't be read", async () => {
    const bad = low.replace('value="79"', 'value="?"');
    expect(await given(together(high, bad))).toEqual([[], 1, []]);
    expect((await given(high, bad))[1]).toBe(2);
    expect((await given(together(high, low.replaceAll("mmHg", "kPa"))))[1]).toBe(1);
  });

  test("is not read where it is not wanted", async () => {
    const { readings, unreadable } = await runText(doc(high, together(high, low)), new Set(["glucose"]));
    expect([readings, unreadable]).toEqual([[], []]);
  });

  test("of halves that a cut left without their correlation is read", async () => {
    const text = doc(high, low, together(high, low));
    const { readings, problem } = await runText(text.slice(0, text.indexOf("<Correlation") + 30));
    expect(problem).toBe("IMPORT_TRUNCATED");
    expect(readings.map((r) => [r.value, r.value2])).toEqual([[121, 79]]);
  });
});

describe("versions of one sample in one export", () => {
  const version = (value: number, number: string, id = "S-1"): string =>
    `<Record type="HKQuantityTypeIdentifierBloodGlucose" sourceName="App" unit="mg/dL" startDate="2024-07-01 08:00:00 +0000" ` +
    `endDate="2024-07-01 08:00:00 +0000" value="${value}"><MetadataEntry key="HKMetadataKeySyncIdentifier" value="${id}"/>` +
    `<MetadataEntry key="HKMetadataKeySyncVersion" value="${number}"/></Record>\n`;
  const values = async (...parts: string[]): Promise<unknown[]> =>
    (await runText(doc(...parts))).readings.map((r) => [r.value, r.sourceKey?.slice(-1)]);

  test("give the greatest, wherever it stands, under the key of all", async () => {
    const greatest = [[10, "0"]];
    expect(await values(version(8, "1"), version(9, "9"), version(10, "10"))).toEqual(greatest);
    expect(await values(version(10, "10"), version(9, "9"), version(8, "1"))).toEqual(greatest);
    expect(await values(version(9, "9"), version(10, "10"), version(10, "10"), version(8, "1"))).toEqual(greatest);
  });

  test("leave others alone: another sample, another source, and versions that are no numbers", async () => {
    expect(await values(version(8, "1"), version(9, "2", "S-2"))).toHaveLength(2);
    expect(await values(version(8, "1"), version(9, "2").replace('"App"', '"Other"'))).toHaveLength(2);
    expect(await values(version(8, "one"), version(9, "2"))).toHaveLength(2);
  });
});
