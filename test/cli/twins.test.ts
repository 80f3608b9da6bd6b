import { describe, expect, test } from "vitest";
import type { Statistics } from "../../src/store/statistics.js";
import { Store } from "../../src/store/store.js";
import type { Twins } from "../../src/store/twins.js";
import { reading } from "../helpers/ingest.js";
import { importIn, readIn, sample } from "../helpers/twins.js";
import { commandLine, jsonLines } from "./run.js";

/** A data folder with a meter's two readings, an app's copy of one of them, and a control test. */
async function home(): Promise<ReturnType<typeof commandLine>> {
  const cli = commandLine();
  // Makes the folder.
  await cli.run("records");
  const store = await Store.open({ path: cli.store, role: "local" });
  try {
    const control = reading({ deviceTime: "2024-03-05T10:00:00", value: 110, control: true });
    const low = reading({ deviceTime: "2024-03-05T09:00:00", value: 20, outOfRange: "low" });
    await readIn(store, [reading({ deviceTime: "2024-03-05T08:00:00", value: 101 }), low, control]);
    await importIn(store, [sample("2024-03-05T08:00:20Z", 5.6, { unit: "mmol/L" })]);
  } finally {
    await store.close();
  }
  return cli;
}

describe("twins", () => {
  test("lists both records of a measurement, for people and for programs", async () => {
    const cli = await home();
    const { code, out } = await cli.run("twins");
    expect(code).toBe(0);
    const [head = "", row = "", ...more] = out.trimEnd().split("\n");
    expect(head).toMatch(/^meter's record +time +value +export's record +time +value +from +counts$/);
    expect(row).toMatch(/08:00:00\+00:00 +101 mg\/dL .*08:00:20\+00:00 +5\.6 mmol\/L +Vendor app +once$/);
    expect(more).toEqual([]);
    const [pair, ...others] = jsonLines<Twins>((await cli.run("twins", "--json")).out);
    expect(others).toEqual([]);
    expect(pair).toMatchObject({ meter: { value: 101, source: "meter" }, copy: { value: 5.6 }, holds: true });
  });

  test("undoes a link by the beginning of either id, and finds it no more", async () => {
    const cli = await home();
    const [pair] = jsonLines<Twins>((await cli.run("twins", "--json")).out);
    const undone = await cli.run("twins", "undo", pair?.copy.id.slice(0, 8) ?? "");
    expect([undone.code, undone.out]).toEqual([
      0,
      `${pair?.meter.id} and ${pair?.copy.id} are two measurements now.\n`,
    ]);
    expect(await cli.run("twins")).toMatchObject({ code: 0, out: "", err: "No measurement came by two ways.\n" });
    expect(await cli.run("twins", "find")).toMatchObject({ code: 0, out: "0 new pairs were found.\n" });
    const again = await cli.run("twins", "undo", pair?.copy.id ?? "");
    expect([again.code, again.out]).toEqual([1, ""]);
    expect(again.err).toContain("is not linked with another one");
  });

  test("says so where a pair no longer says the same", async () => {
    const cli = await home();
    const [pair] = jsonLines<Twins>((await cli.run("twins", "--json")).out);
    await cli.run("edit", pair?.meter.id ?? "", "--set", "patient=ann");
    expect((await cli.run("twins")).out).toMatch(/each by itself\n$/);
  });
});

describe("statistics", () => {
  test("count what came by two ways once, and tell what was left out", async () => {
    const cli = await home();
    const { code, out } = await cli.run("statistics");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "kind     records  control tests left out  copies left out",
      "glucose  2        1                       1",
      "",
      "glucose             mg/dL  mmol/L",
      "mean                101.0  5.61",
      "standard deviation  -      -",
      "lowest              101.0  5.61",
      "highest             101.0  5.61",
      "",
      "range                                 readings  share",
      "below 70 mg/dL (3.9 mmol/L)           1         50.0 %",
      "70 to 180 mg/dL (3.9 to 10.0 mmol/L)  1         50.0 %",
      "above 180 mg/dL (10.0 mmol/L)         0         0.0 %",
      "",
      "1 with a number, 1 LO, 0 HI. LO and HI count in the shares and not in the mean.",
      "",
    ]);
  });

  test("come as one JSON object, of a span of time and a patient", async () => {
    const cli = await home();
    const of = async (...words: string[]) =>
      jsonLines<Statistics>((await cli.run("statistics", "--json", ...words)).out);
    const [all, ...others] = await of();
    expect(others).toEqual([]);
    expect(all?.kinds).toEqual([{ kind: "glucose", count: 2, controls: 1, copies: 1 }]);
    const [morning] = await of("--since", "2024-03-05T08:30", "--until", "2024-03-05T09:30");
    expect(morning).toMatchObject({ kinds: [{ count: 1, controls: 0, copies: 0 }], glucose: { low: 1, measured: 0 } });
    expect(await of("--patient", "nobody")).toMatchObject([{ kinds: [] }]);
    expect(await cli.run("statistics", "--since", "2030-01-01")).toMatchObject({
      ...{ code: 0, out: "", err: "There are no such records.\n" },
    });
    expect((await cli.run("statistics", "--since", "soon")).code).toBe(2);
  });
});
