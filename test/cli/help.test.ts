import { existsSync } from "node:fs";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { Cli } from "../../src/cli/cli.js";
import { createProgram } from "../../src/cli/program.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { commandLine, Kept } from "./run.js";

/** Commands of the interface's table and the two of Bluetooth, and those below them. */
const NAMES = [
  "start",
  "status",
  "meters",
  "pair",
  "unpair",
  "drivers",
  "read",
  "set-clock",
  "replay",
  "transcript",
  "transcript blank",
  "simulate",
  "import",
  "add",
  "edit",
  "remove",
  "restore",
  "records",
  "statistics",
  "twins",
  "twins undo",
  "twins find",
  "history",
  "conflicts",
  "conflicts resolve",
  "sync",
  "cloud",
  "doctor",
  "backup",
  "restore-backup",
  "verify",
  "token",
  "token create",
  "token list",
  "token revoke",
  "config",
  "config check",
];

function program(): Command {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const interruption = () => new AbortController().signal;
  const stdin = Readable.from([]);
  return createProgram(
    new Cli({ env: {}, cwd: "/", stdin, stdout, stderr, clock: systemClock, user: "x", interruption }),
  );
}

function all(command: Command, path: string): [string, Command][] {
  return command.commands.flatMap((one) => {
    const name = `${path} ${one.name()}`.trim();
    return [[name, one] as [string, Command], ...all(one, name)];
  });
}

describe("the help", () => {
  const commands = new Map(all(program(), ""));

  test("knows the commands of the interface, and no others", () => {
    expect([...commands.keys()]).toEqual(NAMES);
    expect(commands.size).toBe(37);
  });

  test.each(NAMES)("of `%s` has an example that is a call of that command with options that it has", async (name) => {
    const { code, out, err } = await commandLine().run(...name.split(" "), "--help");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`Usage: glucohub ${name}`);
    const examples = [...out.matchAll(/^ {2}\$ glucohub (.+)$/gm)].map((match) => match[1] ?? "");
    expect(examples.length).toBeGreaterThan(0);
    expect(examples.filter((example) => !example.startsWith(name))).toEqual([]);
    for (const example of examples) {
      const words = example.split(" ");
      const called = commands.get(words.slice(0, 2).join(" ")) ?? commands.get(words[0] ?? "");
      const known = called?.options.flatMap((option) => [option.long, option.short]) ?? [];
      const { tokens } = parseArgs({ args: words, strict: false, tokens: true });
      const used = tokens.flatMap((token) => (token.kind === "option" ? [token.rawName] : []));
      expect(used.filter((option) => !known.includes(option))).toEqual([]);
    }
  });

  test("comes on standard error and as wrong usage where no command is named", async () => {
    const { code, out, err } = await commandLine().run();
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("Usage: glucohub");
  });

  test("gives the package's version", async () => {
    expect(await commandLine().run("--version")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("wrong usage", () => {
  const wrong: [string, string[], RegExp][] = [
    ["an unknown command", ["recrods"], /glucohub: unknown command 'recrods'\n\(Did you mean records\?\)/],
    ["an unknown word below a command", ["token", "creat", "x"], /glucohub: .*\n\(Did you mean create\?\)/],
    ["an unknown option", ["records", "--jsn"], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    ["a missing argument", ["history"], /missing required argument 'id'/],
    ["two ways to print at once", ["records", "--json", "--csv"], /cannot be used with option '--json'/],
    ["a number that is none", ["records", "--limit", "0"], /A whole number from 1 is expected/],
    ["a kind that is none", ["records", "--kind", "sugar"], /--kind must be one of glucose, .*not "sugar"/],
    ["a day that does not exist", ["records", "--since", "2026-02-30"], /--since must be .*not "2026-02-30"/],
    ["both --store and --dry-run", ["import", "--store", "--dry-run", "x"], /cannot be used with/],
    ["a conflict resolved without a side", ["conflicts", "resolve", "12345678"], /--keep <side>' not specified/],
    ["a driver that does not exist", ["simulate", "onetouch-ultra3"], /Nearest: onetouch-ultra2/],
    ["a file's driver on a port", ["read", "--driver", "healthkit"], /is a kind of file/],
    ["a zone that does not exist", ["read", "--zone", "Europe/Londn"], /--zone must be a zone name/],
    ["an id that is too short", ["history", "1234567"], /at least 8 characters/],
    ["an edit of nothing", ["edit", "12345678"], /Nothing is to be changed/],
  ];

  test.each(wrong)(
    "%s ends with 2, says why on standard error, and nothing on standard output",
    async (_, argv, why) => {
      const { code, out, err } = await commandLine().run(...argv);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(why);
      expect(err).toMatch(/^(There was no store.*\n)?glucohub: /);
    },
  );

  test("there are fifteen of these", () => {
    expect(wrong.length).toBe(15);
  });

  test("of settings ends with 2 and names the setting, its value and what was expected", async () => {
    const { code, out, err } = await commandLine({ GLUCOHUB_HTTP_PORT: "http", GLUCOHUB_ZNOE: "UTC" }).run("records");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/GLUCOHUB_HTTP_PORT.*http.*expected a port/);
    expect(err).toMatch(/GLUCOHUB_ZNOE.*GLUCOHUB_ZONE/);
  });

  test("a database that can't be reached is told of, not silently replaced by the embedded one", async () => {
    const cli = commandLine({ GLUCOHUB_DATABASE_URL: "postgres://a:secret@127.0.0.1:1/c" });
    const { code, out, err } = await cli.run("records");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/The database at postgres:\/\/127\.0\.0\.1:1\/c can't be reached/);
    expect(err).not.toContain("secret");
    expect(existsSync(cli.store)).toBe(false);
  });
});

test("config check shows where each setting comes from and no secret", async () => {
  const cli = commandLine({ GLUCOHUB_API_TOKEN: "s3cr3t-token" });
  const { code, out } = await cli.run("config", "check", "--json");
  expect(code).toBe(0);
  expect(out).not.toContain("s3cr3t");
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual({ name: "zone", value: "Europe/London", from: "GLUCOHUB_ZONE" });
  expect(lines).toContainEqual({ name: "apiToken", value: "***", from: "GLUCOHUB_API_TOKEN" });
  expect(lines.length).toBe(18);
});
