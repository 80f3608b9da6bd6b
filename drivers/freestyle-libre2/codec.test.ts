import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { SourceReading } from "../../src/domain/reading.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { LIBRE_2_COLUMNS, LIBRE_3_COLUMNS } from "../shared/abbott-hid/libre/columns.js";
import { readEvent } from "../shared/abbott-hid/libre/event.js";
import { readHistory } from "../shared/abbott-hid/libre/history.js";

const FILE = new URL("../../../shared/vectors/set-b/freestyle-libre.json", import.meta.url);
const READERS = [LIBRE_2_COLUMNS, LIBRE_3_COLUMNS];

interface Vector {
  readonly description: string;
  readonly input_text?: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

/** What a record of either log tells as readings. */
function told(text: string): readonly SourceReading[] {
  const line = latin1Bytes(`${text}\r\n`);
  const all = text.split(",")[1] === "12" ? readHistory(line, READERS) : readEvent(line, READERS);
  return all.flatMap((one) => ("reading" in one ? [one.reading] : []));
}

describe.skipIf(!existsSync(FILE))("the samples of Libre 2 and Libre 3 readers", () => {
  const vectors: readonly Vector[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")).vectors : [];
  const ours = vectors.filter(({ description }) => /^Libre [23]/.test(description));

  test("are six", () => {
    expect(ours).toHaveLength(6);
  });

  test.each(ours)("$description", ({ input_text = "", expected }) => {
    const readings = told(input_text);
    const glucose = readings.find(({ kind }) => kind === "glucose");
    if (expected["valid"] === false) {
      expect(readings).toEqual([]);
      return;
    }
    expect(glucose).toMatchObject({
      value: expected["mg_dl"],
      deviceTime: expected["local_time"],
      index: expected["id"],
      specimen: "interstitial",
    });
    const dose = (delivery: string) => readings.find((one) => one.delivery === delivery)?.value;
    expect(dose("bolus")).toBe(expected["rapid_insulin_units"]);
    expect(dose("basal")).toBe(expected["long_insulin_units"]);
    expect(readings.find(({ kind }) => kind === "carbs")?.value).toBe(expected["carbs_g"]);
    expect(glucose?.note ?? null).toBe(expected["sport"] === true ? "Exercise; Medication" : null);
  });
});

test("a rapid-acting dose is the record's last field, not the field 43 that holds the minute on a Libre 2", () => {
  const head = "5021,2,5,6,24,7,31,7,1,2,0,0,163,1,3,0,0,1,0,0,0,0,3,0,0,0,0,0,0,300,163,-10,,,,,,";
  const doses = told(`${head},7,5,6,24,7,31,7,1,5`).filter(({ kind }) => kind === "insulin");
  expect(doses.map(({ value }) => value)).toEqual([2.5]);
});
