import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { MUTANTS } from "./mutants.js";

const ROOT = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(ROOT, "docs/promises.md"), "utf8");
const rows = text
  .split("\n")
  .filter((line) => /^\| P\d/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("the document of the promises has a row for each of the thirty traps, with a remedy and a test", () => {
  const traps = rows.flatMap(([, names = ""]) => names.split(", ")).map((name) => name.replace(/b$/, ""));
  expect(new Set(traps)).toEqual(new Set(Array.from({ length: 30 }, (_, index) => `P${index + 1}`)));
  for (const [, , loss, remedy, caughtBy] of rows) expect([loss, remedy, caughtBy]).not.toContain("");
});

test("it names each mutant in its trap's row, together with every test that catches it", () => {
  let checked = 0;
  for (const { id, caughtBy } of MUTANTS) {
    const row = rows.find(([, , , , , mutants = ""]) => mutants.split(", ").includes(id));
    expect(row, `mutant ${id} stands in no row`).toBeDefined();
    expect(id.startsWith(row?.[1] ?? "none")).toBe(true);
    for (const file of caughtBy) {
      const name = file.startsWith("test/simulator/") ? "simulator" : /([\w-]+)\.test\.ts$/.exec(file)?.[1];
      expect(row?.[4], `mutant ${id} is caught by ${file}`).toMatch(new RegExp(`\\b${name}\\b`));
      checked += 1;
    }
  }
  const named = rows.flatMap(([, , , , , mutants = ""]) => mutants.split(", ").filter((name) => name !== ""));
  expect(named.length).toBe(MUTANTS.length);
  expect(checked).toBeGreaterThanOrEqual(MUTANTS.length);
});
