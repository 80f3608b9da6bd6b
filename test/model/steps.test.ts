import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { MODEL } from "./spin.js";

const ROOT = resolve(import.meta.dirname, "../..");
const model = readFileSync(join(MODEL, "sync.pml"), "utf8");
const description = readFileSync(join(MODEL, "README.md"), "utf8");

/** A row of the table of steps: what the model calls it, and the function that it stands for. */
interface Row {
  readonly step: string;
  readonly name: string;
  readonly file: string;
}

/** Rows `| step | what happens | function | file |`; a part of a step has no name of its own. */
const rows: Row[] = [
  ...description.matchAll(/^\| (\[[a-z]+\.[a-z]+\]|part) +\|.*\| `(\w+)` +\| `([\w./-]+)` +\|$/gm),
].map(([, step = "", name = "", file = ""]) => ({ step, name, file }));

describe("the table of the model's steps", () => {
  test("has a row for every step that the model has, and no other", () => {
    const steps = new Set([...model.matchAll(/\[[a-z]+\.[a-z]+\]/g)].map(([step]) => step));
    steps.delete("[like.this]");
    const told = new Set(rows.map(({ step }) => step).filter((step) => step !== "part"));
    expect([...told].sort()).toEqual([...steps].sort());
    expect(told.size).toBe(18);
  });

  test("names the functions that the model's comments name", () => {
    const inModel = [...model.matchAll(/(\w+) of (src\/[\w./-]+\.ts)/g)].map(([, name, file]) => `${name} of ${file}`);
    const inTable = rows.map(({ name, file }) => `${name} of ${file}`);
    expect([...new Set(inTable)].sort()).toEqual([...new Set(inModel)].sort());
    expect(new Set(inTable).size).toBe(26);
  });

  test.for(rows)("$name stands in $file", ({ name, file }) => {
    const source = readFileSync(join(ROOT, file), "utf8");
    const declared = new RegExp(`\\bfunction ${name}\\b|\\bconst ${name}\\b|^ +(?:async )?${name}\\(`, "m");
    expect(source).toMatch(declared);
  });
});
