import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findDriver } from "../../drivers/index.js";
import type { ProblemCode } from "../../src/domain/problem.js";
import { PROBLEMS } from "../../src/domain/problem.table.js";
import type { GlucoRecord } from "../../src/domain/record.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { commandLine, jsonLines } from "./run.js";

const TRANSCRIPTS = fileURLToPath(new URL("../transcripts/onetouch-ultra2/", import.meta.url));

async function plugged(cli: ReturnType<typeof commandLine>, ...options: string[]) {
  const meter = cli.begin("simulate", "onetouch-ultra2", "--json", ...options);
  const [line = ""] = await meter.stdout.has(/^.+\n/);
  await meter.stderr.has(/Ctrl-C/);
  return { ...meter, ...(JSON.parse(line) as { port: string; driver: string; serial: string }) };
}

describe("a virtual meter", () => {
  test("is found, read, written down and replayed: the same records each time, those of its memory", async () => {
    const cli = commandLine();
    const meter = await plugged(cli, "--count", "12", "--seed", "3");
    const listed = jsonLines((await cli.run("meters", "--json")).out);
    expect(listed).toMatchObject([{ port: meter.port, driver: null, state: "waiting", virtual: true }]);

    const read = await cli.run("read", "--json", "--record", "talk.txt");
    expect(read.code).toBe(0);
    expect(read.err).toContain(`${meter.serial}: 12 readings; nothing was stored`);
    const records = jsonLines<GlucoRecord>(read.out);
    const driver = findDriver("onetouch-ultra2");
    if (driver.transport !== "serial") throw new Error("no meter");
    const twin = driver.simulate({ count: 12, seed: 3, clock: systemClock, zone: "Europe/London" });
    expect(records.length).toBe(12);
    expect(records.map(({ value, outOfRange, control, serial }) => [value, outOfRange, control, serial])).toEqual(
      twin.memory.map(({ value, outOfRange, control }) => [value, outOfRange, control, twin.serial]),
    );
    expect((await cli.run("records", "--json")).out).toBe("");

    expect(statSync(join(cli.folder, "talk.txt")).mode & 0o077).toBe(0);
    const replayed = await cli.run("replay", "talk.txt", "--json");
    expect(replayed).toMatchObject({ code: 0, out: read.out });
    expect((await cli.run("replay", "talk.txt")).out.split("\n").length).toBe(12 + 1);
    expect(await cli.run("read", "--record", "talk.txt")).toMatchObject({ code: 2, out: "" });
  });

  test("is kept only with --store, once however often it is read, and known when it is away", async () => {
    const cli = commandLine();
    const meter = await plugged(cli, "--count", "5", "--clock-error", "-300");
    for (const fresh of [5, 0]) {
      const { code, err } = await cli.run("read", "--store", "--port", meter.port, "--driver", "OneTouch-Ultra2");
      expect(code).toBe(0);
      expect(err).toMatch(
        new RegExp(`5 readings, ${fresh} new and stored, ${5 - fresh} known before; .* (299|30[01]) s behind`),
      );
    }
    const records = jsonLines<GlucoRecord>((await cli.run("records", "--json")).out);
    expect(records.map(({ timeQuality }) => timeQuality)).toEqual(Array(5).fill("corrected"));
    meter.interrupt();
    expect(await meter.ended).toBe(0);
    expect(existsSync(meter.port)).toBe(false);
    expect(jsonLines((await cli.run("meters", "--json")).out)).toMatchObject([
      { port: null, serial: meter.serial, state: "away", virtual: false },
    ]);
    expect(await cli.run("read")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("No meter is attached"),
    });
  });

  test("is not chosen by chance where there are two", async () => {
    const cli = commandLine();
    const one = await plugged(cli, "--seed", "1");
    const two = await plugged(cli, "--seed", "2");
    const { code, out, err } = await cli.run("read");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(one.port);
    expect(err).toContain(two.port);
  });

  test("read at a named moment gives the same records to the letter", async () => {
    const cli = commandLine();
    await plugged(cli, "--count", "3", "--zone", "Asia/Tokyo");
    const words = ["read", "--json", "--zone", "Asia/Tokyo", "--now", new Date().toISOString()];
    const first = await cli.run(...words);
    expect(first.code).toBe(0);
    expect(jsonLines<GlucoRecord>(first.out).map(({ utcOffset }) => utcOffset)).toEqual([540, 540, 540]);
    expect((await cli.run(...words)).out).toBe(first.out);
  });
});

test("read of a port that no driver is known for asks for one, and of one that is not there says so", async () => {
  const cli = commandLine();
  expect(await cli.run("read", "--port", "/dev/pts/nothing")).toMatchObject({
    code: PROBLEMS.DRIVER_NO_MATCH.exit,
    err: expect.stringContaining("--driver"),
  });
  expect(await cli.run("read", "--port", "/dev/pts/nothing", "--driver", "onetouch-ultra2")).toMatchObject({
    code: PROBLEMS.TRANSPORT_OPEN.exit,
    err: expect.stringContaining("does not exist"),
  });
});

describe("replay", () => {
  const names = readdirSync(TRANSCRIPTS).filter((name) => name.endsWith(".txt"));

  test("there are transcripts to run", () => {
    expect(names.length).toBeGreaterThanOrEqual(16);
  });

  test.each(names)("of %s prints the readings that it holds and ends with the code of its end", async (name) => {
    const wanted = JSON.parse(readFileSync(join(TRANSCRIPTS, name.replace(/txt$/, "json")), "utf8")) as {
      readings: { deviceTime: string | null; value: number; outOfRange: string | null; control: boolean }[];
      problem: ProblemCode | null;
    };
    const { code, out } = await commandLine().run("replay", join(TRANSCRIPTS, name), "--json");
    const told = jsonLines<GlucoRecord>(out);
    const valid = (wall: string | null): boolean => wall === null || !Number.isNaN(Date.parse(`${wall}Z`));
    const readings = wanted.readings.filter(({ deviceTime }) => valid(deviceTime));
    expect(
      told.map(({ deviceTime, value, outOfRange, control }) => ({ deviceTime, value, outOfRange, control })),
    ).toEqual(
      readings.map(({ deviceTime, value, outOfRange, control }) => ({ deviceTime, value, outOfRange, control })),
    );
    const partial = wanted.readings.length > 0 ? 3 : null;
    expect(code).toBe(wanted.problem === null ? 0 : (partial ?? PROBLEMS[wanted.problem].exit));
  });

  test("fails with the first difference where driver and transcript disagree, after the records", async () => {
    const cli = commandLine();
    const text = readFileSync(join(TRANSCRIPTS, "mmol-display.txt"), "utf8");
    writeFileSync(join(cli.folder, "more.txt"), `${text}\n> 11 0d 44 4d 46\n`);
    const { code, out, err } = await cli.run("replay", "more.txt", "--json");
    expect(code).toBe(PROBLEMS.TRANSPORT_REPLAY.exit);
    expect(jsonLines(out).length).toBe(2);
    expect(err).toContain("11 0d 44 4d 46");
  });

  test("refuses what is no transcript, by line, and a file that is not there", async () => {
    const cli = commandLine();
    writeFileSync(join(cli.folder, "no.txt"), "glucohub transcript 1\ndriver onetouch\n");
    expect(await cli.run("replay", "no.txt")).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/line 2/) });
    expect(await cli.run("replay", "none.txt")).toMatchObject({ code: 1, out: "" });
  });
});

test("drivers shows the catalogue: what each can do and what stands behind it", async () => {
  const cli = commandLine();
  const listed = jsonLines((await cli.run("drivers", "--json")).out);
  expect(listed).toContainEqual(
    expect.objectContaining({
      id: "onetouch-ultra2",
      maker: "LifeScan",
      models: ["OneTouch Ultra 2"],
      transport: "serial",
      evidence: "specification",
      capabilities: expect.objectContaining({ readings: "yes", ketone: "absent" }),
    }),
  );
  expect((await cli.run("drivers")).out.trim().split("\n").length).toBe(listed.length + 1);
});
