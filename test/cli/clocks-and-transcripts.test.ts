import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROBLEMS } from "../../src/domain/problem.table.js";
import { commandLine, jsonLines } from "./run.js";

async function plugged(cli: ReturnType<typeof commandLine>, driver: string, ...options: string[]) {
  const meter = cli.begin("simulate", driver, "--json", ...options);
  const [line = ""] = await meter.stdout.has(/^.+\n/);
  await meter.stderr.has(/Ctrl-C/);
  return { ...meter, ...(JSON.parse(line) as { port: string; driver: string; serial: string }) };
}

describe("set-clock", () => {
  test("keeps the memory with the times of the old clock, sets the clock, and reads it back", async () => {
    const cli = commandLine();
    await plugged(cli, "onetouch-ultramini", "--count", "6", "--clock-error", "5400");
    const { code, out, err } = await cli.run("set-clock", "--json");
    expect(err).toContain("6 new and stored");
    expect(code).toBe(0);
    const [facts] = jsonLines<{ wasErrorMs: number; verified: boolean; shows: string; zone: string }>(out);
    expect(facts).toMatchObject({ verified: true, zone: "Europe/London", driver: "onetouch-ultramini" });
    expect(Math.abs((facts?.wasErrorMs ?? 0) - 5_400_000)).toBeLessThan(3_000);
    const shown = execFileSync("date", ["+%FT%H:%M"], { env: { TZ: "Europe/London" }, encoding: "utf8" }).trim();
    // The minute may have changed meanwhile, once.
    expect(Math.abs(Date.parse(`${shown}:00Z`) - Date.parse(`${facts?.shows}Z`))).toBeLessThan(61_000);

    // What was stored before was an hour and a half ahead, and stays corrected by it however often it is read again.
    const before = jsonLines<{ id: string; timeQuality: string }>((await cli.run("records", "--json")).out);
    expect(before.map(({ timeQuality }) => timeQuality)).toEqual(Array(6).fill("corrected"));
    const again = await cli.run("read", "--store", "--json");
    expect(again.err).toMatch(/0 new and stored, 6 known before; its clock is (right|1 s)/);
    expect(jsonLines<{ timeQuality: string }>((await cli.run("records", "--json")).out)).toEqual(before);
  });

  test("of a meter whose clock nobody knows to set says so, and has kept its memory all the same", async () => {
    const cli = commandLine();
    await plugged(cli, "onetouch-ultra2", "--count", "4");
    const { code, out, err } = await cli.run("set-clock");
    expect([code, out]).toEqual([PROBLEMS.METER_UNSUPPORTED.exit, ""]);
    expect(err).toContain("No way is known to set the clock of a OneTouch Ultra 2");
    expect(jsonLines((await cli.run("records", "--json")).out)).toHaveLength(4);
  });
});

describe("transcript blank", () => {
  test("takes the serial number out of a conversation, which replays to the same records under no name", async () => {
    const cli = commandLine();
    const meter = await plugged(cli, "onetouch-ultra2", "--count", "5");
    expect((await cli.run("read", "--record", "talk.txt")).code).toBe(0);
    const { code, err } = await cli.run("transcript", "blank", "talk.txt", "--out", "send.txt");
    expect([code, err]).toEqual([0, expect.stringContaining("The serial number is masked")]);
    expect(statSync(join(cli.folder, "send.txt")).mode & 0o077).toBe(0);
    const hexOf = (text: string): string => [...Buffer.from(text)].map((byte) => byte.toString(16)).join(" ");
    const bytes = (file: string): string =>
      readFileSync(join(cli.folder, file), "utf8")
        .replace(/\n(<|~ \d+)/g, "")
        .replace(/ +/g, " ");
    expect(bytes("talk.txt")).toContain(hexOf(meter.serial));
    expect(bytes("send.txt")).not.toContain(hexOf(meter.serial));
    const replay = async (file: string) =>
      jsonLines<Record<string, unknown>>((await cli.run("replay", file, "--json")).out).map((record) => ({
        ...record,
        id: null,
        serial: null,
      }));
    expect(await replay("send.txt")).toEqual(await replay("talk.txt"));
    expect(await replay("send.txt")).toHaveLength(5);
    expect((await cli.run("transcript", "blank", "talk.txt", "--out", "send.txt")).code).toBe(2);
  });

  test("drops remarks and the headers that name the device, and prints where no file is named", async () => {
    const cli = commandLine();
    const head = "glucohub transcript 1\ndriver: onetouch-ultra2\ntransport: serial\norigin: capture\n";
    const text = `${head}now: 2024-05-06T07:08:09Z\nzone: Europe/London\nmeter: Anna's\nname: ANNA-PC\nclinic: North\n\n# for Anna\n! unplugged\n`;
    writeFileSync(join(cli.folder, "anna.txt"), text);
    const { code, out, err } = await cli.run("transcript", "blank", "anna.txt");
    expect([code, err]).toEqual([0, expect.stringContaining("The meter told no serial number")]);
    expect(out).toBe(`${head}now: 2024-05-06T07:08:09Z\nzone: Europe/London\n\n! unplugged\n`);
  });
});

describe("simulate", () => {
  test("a slow and noisy meter that declines is read whole", async () => {
    const cli = commandLine();
    await plugged(cli, "onetouch-ultra2", "--count", "3", "--misbehave", "slow,garbage,declines");
    const { code, out } = await cli.run("read", "--json", "--driver", "onetouch-ultra2");
    expect([code, jsonLines(out).length]).toEqual([0, 3]);
  });

  test("names the ways to misbehave where another is asked for", async () => {
    const { code, err } = await commandLine().run("simulate", "onetouch-ultra2", "--misbehave", "rudely");
    expect([code, err]).toEqual([2, expect.stringContaining("declines, slow, garbage, checksum, stops")]);
  });
});
