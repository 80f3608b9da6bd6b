import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { GlucoRecord } from "../../src/domain/record.js";
import { commandLine, hasSqlite3, jsonLines, sqlite3 } from "./run.js";

async function added(cli: ReturnType<typeof commandLine>, ...words: string[]): Promise<GlucoRecord> {
  const { code, out, err } = await cli.run("add", ...words, "--json");
  expect([code, err.replace(/^There was no store.*\n/, "")]).toEqual([0, ""]);
  const [record] = jsonLines<GlucoRecord>(out);
  if (record === undefined) throw new Error("no record was printed");
  return record;
}

describe("add", () => {
  const kinds: [string, string[], Partial<GlucoRecord>][] = [
    ["glucose", ["5.6", "mmol/l", "--meal", "before"], { value: 5.6, unit: "mmol/L", meal: "before" }],
    ["glucose", ["101", "mg/dL", "--note", "=1+1"], { value: 101, unit: "mg/dL", note: "=1+1" }],
    ["ketone", ["0.6", "mmol/L"], { value: 0.6 }],
    ["insulin", ["4.5", "u", "--delivery", "bolus"], { value: 4.5, unit: "U", delivery: "bolus" }],
    ["carbs", ["40", "g"], { value: 40 }],
    ["heart_rate", ["61", "/min"], { value: 61 }],
    ["steps", ["1200", "count"], { value: 1200 }],
    ["weight", ["80.5", "kg"], { value: 80.5 }],
    ["blood_pressure", ["120/80", "mmHg"], { value: 120, value2: 80 }],
    ["hba1c", ["6.1", "%"], { value: 6.1 }],
    ["note", ["felt dizzy"], { value: null, unit: null, note: "felt dizzy" }],
    ["note", ["--note", "as an option"], { note: "as an option" }],
  ];

  test.each(kinds)("keeps %s %j as it was typed", async (kind, words, wanted) => {
    const cli = commandLine();
    const time = ["--time", "2026-11-21T08:03:00+01:00", "--patient", "p-1"];
    const record = await added(cli, kind, ...words, ...time);
    const typed = { kind, source: "manual", timeQuality: "exact", time: "2026-11-21T07:03:00.000Z", utcOffset: 60 };
    expect(record).toMatchObject({ ...typed, ...wanted, patient: "p-1", deleted: false, control: false });
    expect(jsonLines((await cli.run("records", "--json")).out)).toEqual([record]);
  });

  test("there are twelve of these", () => {
    expect(kinds.length).toBe(12);
  });

  const refused: [string[], RegExp][] = [
    [["glucose", "5,6", "mmol/L"], /written with a point/],
    [["glucose", "HI", "mmol/L"], /written with a point/],
    [["glucose", "0", "mg/dL"], /must be positive/],
    [["glucose", "5.6", "mmol"], /unit of glucose must be mg\/dL or mmol\/L/],
    [["glucose", "5.6"], /needs a value and its unit/],
    [["glucose", "120/80", "mg/dL"], /glucose has no value2/],
    [["blood_pressure", "120", "mmHg"], /needs value2/],
    [["glucose", "5.6", "mmol/L", "--delivery", "bolus"], /glucose has no delivery/],
    [["glucose", "5.6", "mmol/L", "--meal", "brunch"], /meal must be/],
    [["glucose", "5.6", "mmol/L", "--time", "2026-02-30T08:00"], /--time must be/],
    [["sugar", "5.6", "mmol/L"], /kind must be one of/],
    [["note"], /needs its text/],
    [["note", "a", "b"], /A note has no value/],
  ];
  test.each(refused)("refuses %j and keeps nothing", async (words, why) => {
    const cli = commandLine();
    const { code, out, err } = await cli.run("add", ...words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(why);
    expect((await cli.run("records", "--json")).out).toBe("");
  });

  test("there are thirteen of those", () => {
    expect(refused.length).toBe(13);
  });

  test("takes a time without zone in the patient's zone, and tells the offset", async () => {
    const cli = commandLine();
    const file = join(cli.folder, "c.yaml");
    writeFileSync(file, "patients:\n  - id: far\n    zone: Asia/Tokyo\n");
    const far = commandLine({ GLUCOHUB_CONFIG: file });
    const there = await added(far, "carbs", "10", "g", "--time", "2026-11-21T08:00", "--patient", "far");
    expect(there).toMatchObject({ time: "2026-11-20T23:00:00.000Z", utcOffset: 540 });
    const here = await added(far, "carbs", "10", "g", "--time", "2026-11-21T08:00");
    expect(here).toMatchObject({ time: "2026-11-21T08:00:00.000Z", utcOffset: 0 });
  });
});

describe("edit, remove, restore and history", () => {
  test("raise the version by one each, keep every state, and say who did it", async () => {
    const cli = commandLine();
    const { id } = await added(cli, "glucose", "5.6", "mmol/L");
    const start = id.slice(0, 8);
    const edited = await cli.run(
      "edit",
      start,
      "--set",
      "note=after sport",
      "meal=after",
      "--set",
      "patient=7",
      "--json",
    );
    expect(jsonLines(edited.out)).toMatchObject([{ id, note: "after sport", meal: "after", patient: "7" }]);
    expect(
      jsonLines((await cli.run("edit", start, "--set", "note=", "meal=null", "value=5.8", "--json")).out),
    ).toMatchObject([{ id, note: null, meal: null, value: 5.8 }]);
    expect(jsonLines((await cli.run("remove", id, "--json")).out)).toMatchObject([{ id, deleted: true }]);
    expect((await cli.run("records", "--json")).out).toBe("");
    expect(jsonLines((await cli.run("records", "--json", "--deleted")).out)).toMatchObject([{ id, deleted: true }]);
    expect(jsonLines((await cli.run("restore", start, "--json")).out)).toMatchObject([
      { id, deleted: false, value: 5.8 },
    ]);
    expect(jsonLines((await cli.run("restore", start, "--state", "1", "--json")).out)).toMatchObject([{ value: 5.6 }]);

    const history = await cli.run("history", start, "--json");
    expect(history.code).toBe(0);
    const [found] = jsonLines<{ version: number; versionSynced: number; states: Record<string, unknown>[] }>(
      history.out,
    );
    expect(found).toMatchObject({ id, version: 6, versionSynced: 0 });
    expect(found?.states.map(({ state, version, deleted, by }) => [state, version, deleted, by])).toEqual([
      [1, 1, false, "cli:tester"],
      [2, 2, false, "cli:tester"],
      [3, 3, false, "cli:tester"],
      [4, 4, true, "cli:tester"],
      [5, 5, false, "cli:tester"],
      [6, 6, false, "cli:tester"],
    ]);
    const shown = (await cli.run("history", start)).out.split("\n");
    expect(shown[2]).toMatch(/^2 .*cli:tester.*meal=after, note=after sport, patient=7$/);
  });

  test.skipIf(!hasSqlite3)("leave in the file just what they printed, as another program reads it", async () => {
    const cli = commandLine();
    const { id } = await added(cli, "insulin", "4", "U", "--note", 'it\'s "quoted"');
    await cli.run("edit", id, "--set", "value=4.5", "time=2026-11-21T08:03:00Z");
    const [record] = jsonLines((await cli.run("records", "--json")).out);
    const { id: _id, kind: _kind, deleted: _deleted, ...fields } = record ?? {};
    const [kept = "", numbers] = sqlite3(
      cli.store,
      "SELECT fields FROM records; SELECT version, version_synced FROM records",
    ).split("\n");
    expect(JSON.parse(kept)).toEqual(fields);
    expect(numbers).toBe("2|0");
    expect(fields).toMatchObject({ value: 4.5, time: "2026-11-21T08:03:00.000Z", note: 'it\'s "quoted"' });
    expect(sqlite3(cli.store, "SELECT count(*) FROM history")).toBe("2");
  });

  const refused: [string[], RegExp, number][] = [
    [["--set", "note"], /needs FIELD=VALUE/, 2],
    [["--set", "note=a", "note=b"], /names note twice/, 2],
    [["--set", "colour=red"], /has no field "colour"/, 2],
    [["--set", "source=meter"], /source of a record never changes/, 2],
    [["--set", "value=lots"], /value must be a number/, 2],
    [["--set", "value=null"], /value must be a number/, 2],
    [["--set", "control=perhaps"], /control must be true or false/, 2],
    [["--set", "time=2026-02-30T08:00:00Z"], /time must be/, 2],
    [["--set", "time=2026-10-25T01:30"], /existed twice/, 2],
    [["--set", "time="], /time must be/, 2],
  ];
  test.each(refused)("edit refuses %j and changes nothing", async (words, why, exit) => {
    const cli = commandLine();
    const { id } = await added(cli, "glucose", "5.6", "mmol/L");
    const { code, out, err } = await cli.run("edit", id, ...words);
    expect([code, out]).toEqual([exit, ""]);
    expect(err).toMatch(why);
    expect(jsonLines((await cli.run("history", id, "--json")).out)).toMatchObject([{ version: 1 }]);
  });

  test("there are ten of these", () => {
    expect(refused.length).toBe(10);
  });

  test("tell apart a record that is not there, and a state that never was", async () => {
    const cli = commandLine();
    const { id } = await added(cli, "carbs", "5", "g");
    const other = `${id.startsWith("0") ? "1" : "0"}${id.slice(1)}`;
    for (const command of ["history", "remove", "restore"])
      expect(await cli.run(command, other)).toMatchObject({
        code: 1,
        out: "",
        err: expect.stringContaining("There is no record"),
      });
    expect(await cli.run("history", other.slice(0, 9))).toMatchObject({ code: 1, out: "" });
    expect(await cli.run("restore", id, "--state", "2")).toMatchObject({ code: 1, out: "" });
  });
});

describe("records", () => {
  test("pages through everything, newest first, however it is printed", async () => {
    const cli = commandLine();
    await added(cli, "note", "makes the store");
    // More than two pages of 500, by another way than one by one.
    const rows = Array.from({ length: 1_100 }, (_, index) => {
      const at = new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString().replace("T", " ").slice(0, 19);
      return `<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="W" unit="count/min" creationDate="${at} +0000" startDate="${at} +0000" endDate="${at} +0000" value="${50 + (index % 50)}"/>`;
    });
    writeFileSync(
      join(cli.folder, "export.xml"),
      `<?xml version="1.0"?>\n<HealthData locale="en_GB">\n${rows.join("\n")}\n</HealthData>\n`,
    );
    expect((await cli.run("import", "export.xml")).code).toBe(0);

    const json = jsonLines<GlucoRecord>((await cli.run("records", "--json", "--kind", "heart_rate")).out);
    expect(json.length).toBe(1_100);
    expect(new Set(json.map(({ id }) => id)).size).toBe(1_100);
    const times = json.map(({ time }) => time);
    expect(times).toEqual([...times].sort().reverse());
    expect((await cli.run("records")).out.trim().split("\n").length).toBe(1 + 1_101);
    const csv = (await cli.run("records", "--csv")).out.split("\r\n");
    expect(csv.length).toBe(1 + 1_101 + 1);
    expect(jsonLines((await cli.run("records", "--json", "--limit", "501")).out).length).toBe(501);
    const span = ["--since", "2026-01-01T00:10", "--until", "2026-01-01T00:20:00Z"];
    expect(jsonLines((await cli.run("records", "--json", ...span)).out).length).toBe(10);
    expect(
      jsonLines((await cli.run("records", "--json", "--since", "2026-01-01", "--until", "2026-01-02")).out).length,
    ).toBe(1_100);
  });

  test("finds by kind and patient, and says so where there is none", async () => {
    const cli = commandLine();
    const mine = await added(cli, "carbs", "5", "g", "--patient", "a");
    await added(cli, "carbs", "6", "g", "--patient", "b");
    expect(jsonLines((await cli.run("records", "--json", "--patient", "a")).out)).toEqual([mine]);
    expect(await cli.run("records", "--kind", "hba1c")).toMatchObject({
      code: 0,
      out: "",
      err: expect.stringContaining("no such records"),
    });
  });

  test("keeps what would be a formula or move the cursor from doing so", async () => {
    const cli = commandLine();
    await added(cli, "note", '=HYPERLINK("x")');
    await added(cli, "note", "a\u001b[2Jb");
    expect((await cli.run("records", "--csv")).out).toContain(`,"'=HYPERLINK(""x"")",`);
    expect((await cli.run("records")).out).not.toContain("\u001b");
  });

  test("ends quietly when its reader has gone, and loudly when the disk is full", async () => {
    const cli = commandLine();
    await added(cli, "note", "x");
    const broken = (code: string) =>
      new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
    expect(await cli.runOn(broken("EPIPE"), "records")).toBe(0);
    expect(await cli.runOn(broken("ENOSPC"), "records")).toBe(1);
  });
});
