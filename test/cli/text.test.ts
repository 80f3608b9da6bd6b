import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine } from "../../src/cli/csv.js";
import { plain, table } from "../../src/cli/plain.js";
import { readTime } from "../../src/cli/when.js";
import { isProblem } from "../../src/domain/problem.js";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("CSV", () => {
  const cells = fc.array(
    fc.oneof(
      fc.string({ unit: fc.constantFrom("a", "ä", '"', ",", "\r", "\n", "=", "+", "-", "@", " ", "\t", "'", "1") }),
      fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    { minLength: 2, maxLength: 6 },
  );

  test.skipIf(!hasPython)("is read back by another program as it was, but for the guard's apostrophe", () => {
    const rows = fc.sample(cells, { numRuns: 500, seed: 7 });
    const script =
      "import csv,io,json,sys; print(json.dumps(list(csv.reader(io.StringIO(sys.stdin.buffer.read().decode(), newline='')))))";
    const { stdout } = spawnSync("python3", ["-c", script], { input: rows.map(csvLine).join(""), encoding: "utf8" });
    const back = JSON.parse(stdout) as string[][];
    expect(back.length).toBe(500);
    const text = (value: unknown): string => (value === null ? "" : String(value));
    const unguarded = back.map((row, at) =>
      row.map((cell, column) => {
        const original = text(rows[at]?.[column]);
        return cell === `'${original}` ? original : cell;
      }),
    );
    expect(unguarded).toEqual(rows.map((row) => row.map(text)));
  });

  test("never begins a text's cell so that a spreadsheet computes it", () => {
    fc.assert(
      fc.property(fc.constantFrom("=", "+", "-", "@", "\t", "\r", "\uff1d"), fc.string(), (sign, rest) => {
        const cell = csvLine([`${sign}${rest}`]);
        expect(cell.replace(/^"/, "").startsWith("'")).toBe(true);
      }),
    );
  });

  test("leaves negative numbers alone and ends each line with CR and LF", () => {
    expect(csvLine([-300, 5.6, null, true, "plain"])).toBe("-300,5.6,,true,plain\r\n");
  });
});

describe("text for a terminal", () => {
  test("has no control characters left, whatever a device or file said", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be gone.
        expect(plain(text)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202e]/);
      }),
    );
    expect(plain("5.6 mmol/L – ünïcode 测")).toBe("5.6 mmol/L – ünïcode 测");
  });

  test("stands in columns as wide as their widest cell", () => {
    expect(
      table(
        ["a", "b"],
        [
          ["long", "x"],
          ["ü", "y"],
        ],
      ),
    ).toEqual(["a     b", "long  x", "ü     y"]);
  });
});

describe("a time that a person wrote", () => {
  const zone = "Europe/London";
  const good: [string, string, number | null][] = [
    ["2026-11-21T08:03:00+01:00", "2026-11-21T07:03:00.000Z", 60],
    ["2026-11-21T07:03Z", "2026-11-21T07:03:00.000Z", null],
    ["2026-11-21 07:03:00.25Z", "2026-11-21T07:03:00.250Z", null],
    ["2026-07-01T08:00", "2026-07-01T07:00:00.000Z", 60],
    ["2026-07-01 08:00:30", "2026-07-01T07:00:30.000Z", 60],
    ["2026-12-01T08:00", "2026-12-01T08:00:00.000Z", 0],
    ["2026-07-01T01:00:00-05:30", "2026-07-01T06:30:00.000Z", -330],
    ["2026-07-01", "2026-06-30T23:00:00.000Z", 60],
  ];
  test.each(good)("%s is %s", (text, instant, utcOffset) => {
    expect(readTime(text, zone, "--time", true)).toEqual({ instant, utcOffset });
  });

  const refused = [
    "2026-02-30T08:00Z",
    "2026-02-30T08:00",
    "2026-11-21T25:00",
    "2026-11-21T08:03:00+1:00",
    "2026-11-21T08",
    "21.11.2026",
    "yesterday",
    "",
    "2026-11-21T08:03:00.5",
    "2026-03-29T01:30",
    "2026-10-25T01:30",
    "1066-10-14T09:00Z",
  ];
  test.each(refused)("%s is refused, not guessed", (text) => {
    try {
      expect(readTime(text, zone, "--time", true)).toBe("nothing");
    } catch (error) {
      expect(isProblem(error, "USAGE")).toBe(true);
    }
  });

  test("these were eight and twelve; a day alone is no time of a reading", () => {
    expect([good.length, refused.length]).toEqual([8, 12]);
    expect(() => readTime("2026-11-21", zone, "--time")).toThrow(/--time must be/);
  });

  test("that the clocks went through twice is named as such", () => {
    expect(() => readTime("2026-10-25T01:30", zone, "--time")).toThrow(/existed twice in Europe\/London/);
    expect(readTime("2026-10-25T01:30:00+00:00", zone, "--time").instant).toBe("2026-10-25T01:30:00.000Z");
  });
});
