import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { GlucoRecord } from "../../src/domain/record.js";
import type { ImportReport } from "../../src/ingest/import-file.js";
import { commandLine, jsonLines } from "./run.js";

const MIXED = fileURLToPath(new URL("../fixtures/healthkit/mixed.xml", import.meta.url));

test("a dry run prints what is in the file and stores nothing; the import then stores just that", async () => {
  const cli = commandLine();
  const dry = await cli.run("import", "--dry-run", "--json", "--patient", "p-1", MIXED);
  expect(dry.code).toBe(0);
  const shown = jsonLines<GlucoRecord>(dry.out);
  expect(shown.length).toBe(11);
  expect((await cli.run("records", "--json")).out).toBe("");

  const stored = await cli.run("import", "--json", "--patient", "p-1", MIXED);
  expect(stored.code).toBe(0);
  expect(jsonLines<ImportReport>(stored.out)).toMatchObject([
    { name: "mixed.xml", format: "healthkit", state: "done", new: 11, known: 0, unreadable: 5 },
  ]);
  expect(stored.err).toContain("5 could not be understood and are kept for inspection");
  const byId = (a: GlucoRecord, b: GlucoRecord): number => (a.id < b.id ? -1 : 1);
  const kept = jsonLines<GlucoRecord>((await cli.run("records", "--json")).out);
  expect(kept.sort(byId)).toEqual(shown.sort(byId));
  expect(new Set(kept.map(({ patient }) => patient))).toEqual(new Set(["p-1"]));
});

test("the same file again changes nothing, an edit and a deletion included", async () => {
  const cli = commandLine();
  await cli.run("import", MIXED);
  const [first, second] = jsonLines<GlucoRecord>((await cli.run("records", "--json")).out);
  await cli.run("edit", first?.id ?? "", "--set", "note=mine");
  await cli.run("remove", second?.id ?? "");
  const before = (await cli.run("records", "--json", "--deleted")).out;
  const again = await cli.run("import", "--store", "--json", MIXED);
  expect(jsonLines(again.out)).toMatchObject([{ new: 0, known: 11 }]);
  expect((await cli.run("records", "--json", "--deleted")).out).toBe(before);
});

test("only the kinds asked for are taken, counted by kind", async () => {
  const cli = commandLine();
  const { out } = await cli.run("import", "--kinds", "insulin,carbs", MIXED);
  expect(out.split("\n").sort()).toEqual(
    [
      "",
      "  carbs: 1 new, 0 known",
      "  insulin: 2 new, 0 known",
      "mixed.xml (healthkit): imported; 3 new, 0 known.",
    ].sort(),
  );
  expect(await cli.run("import", "--kinds", "sugar", MIXED)).toMatchObject({ code: 2, out: "" });
});

test("an order of dates that is none is wrong usage, and a right one is taken for any file", async () => {
  const cli = commandLine();
  expect(await cli.run("import", "--date-order", "ymd", MIXED)).toMatchObject({ code: 2, out: "" });
  expect(await cli.run("import", "--date-order", "mdy", "--json", MIXED)).toMatchObject({ code: 0 });
});

test("several files go on after one that fails; the worst outcome is the exit code", async () => {
  const cli = commandLine();
  writeFileSync(join(cli.folder, "cut.xml"), readFileSync(MIXED, "utf8").slice(0, 2_000));
  writeFileSync(join(cli.folder, "letter.txt"), "Dear doctor,\n");
  const cut = await cli.run("import", "--json", "cut.xml");
  expect(cut.code).toBe(3);
  expect(jsonLines<ImportReport>(cut.out)).toMatchObject([{ state: "partial", problem: { code: expect.any(String) } }]);

  const { code, out, err } = await cli.run("import", "--json", "letter.txt", "missing.xml", MIXED, "cut.xml");
  expect(code).toBe(1);
  expect(jsonLines<ImportReport>(out).map(({ name, state }) => [name, state])).toEqual([
    ["letter.txt", "failed"],
    ["missing.xml", "failed"],
    ["mixed.xml", "done"],
    ["cut.xml", "partial"],
  ]);
  expect(err).toContain("letter.txt is no health export");
  expect(await cli.run("import", MIXED, "cut.xml")).toMatchObject({ code: 3 });
});
