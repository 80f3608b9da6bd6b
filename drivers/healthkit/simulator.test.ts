import { expect, test } from "vitest";
import { runText } from "../../test/fixtures/healthkit/run.js";
import { healthkit } from "./index.js";
import { sampleExport } from "./simulator.js";

const options = { seed: 7, days: 14, endMs: Date.parse("2024-07-14T08:00:00Z"), zone: "Europe/Berlin" };

test("a sample export is read whole, and every value in its text is found", async () => {
  const text = sampleExport(options);
  const { readings, unreadable, problem } = await runText(text);
  expect({ problem, unreadable }).toEqual({ problem: null, unreadable: [] });
  const written = [...text.matchAll(/^ <Record .* value="([\d.]+)"/gm)].map((match) => Number(match[1]));
  expect(readings.map((r) => r.value)).toEqual(written);
  expect(new Set(readings.map((r) => r.kind))).toEqual(new Set(["glucose", "weight", "steps", "carbs", "insulin"]));
  expect(new Set(readings.map((r) => r.unit))).toEqual(new Set(["mg/dL", "mmol/L", "kg", "count", "g", "U"]));
  expect(new Set(readings.map((r) => r.delivery))).toEqual(new Set([null, "basal", "bolus"]));
  expect(readings.length).toBeGreaterThan(14 * 10);
  expect(new Set(readings.map((r) => r.sourceKey)).size).toBe(readings.length);
  for (const { instantMs } of readings) {
    expect(instantMs).toBeGreaterThan(options.endMs - 16 * 86_400_000);
    expect(instantMs).toBeLessThanOrEqual(options.endMs);
  }
});

test("equal seeds give equal exports, others do not", () => {
  expect(sampleExport(options)).toBe(sampleExport(options));
  expect(sampleExport({ ...options, seed: 8 })).not.toBe(sampleExport(options));
});

test("a sample export is recognised by its first bytes", () => {
  const entry = { name: "x", size: null, async *open() {} };
  expect(healthkit.recognise(entry, Buffer.from(sampleExport(options)).subarray(0, 4096))).toBe(true);
});
