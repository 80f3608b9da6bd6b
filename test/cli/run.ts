import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { runCli } from "../../src/cli/program.js";
import { systemClock } from "../../src/kit/system-clock.js";

/** How one run of the command ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A stream that keeps what is written to it and can be waited on. */
export class Kept extends Writable {
  text = "";
  readonly #waiting: { readonly pattern: RegExp; readonly found: (match: RegExpExecArray) => void }[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    for (const { pattern, found } of this.#waiting) {
      const match = pattern.exec(this.text);
      if (match !== null) found(match);
    }
    done();
  }

  /** Resolves when the text holds the pattern. */
  has(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((found) => {
      const match = pattern.exec(this.text);
      if (match !== null) found(match);
      else this.#waiting.push({ pattern, found });
    });
  }
}

/** A folder that goes away with the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A data folder of its own, and the command run in this process on it. */
export function commandLine(env: Readonly<Record<string, string>> = {}) {
  const data = join(tempFolder(), "data");
  const full = { PATH: process.env["PATH"], GLUCOHUB_DATA: data, GLUCOHUB_ZONE: "Europe/London", ...env };
  const start = (argv: readonly string[], interrupted: AbortController, stdout: Writable, stderr: Writable) =>
    runCli(argv, {
      env: full,
      cwd: join(data, ".."),
      stdin: Readable.from([]),
      stdout,
      stderr,
      clock: systemClock,
      user: "tester",
      interruption: () => interrupted.signal,
    });
  return {
    data,
    folder: join(data, ".."),
    store: join(data, "glucohub.db"),
    /** Runs it to its end. */
    async run(...argv: string[]): Promise<Ran> {
      const [stdout, stderr] = [new Kept(), new Kept()];
      const code = await start(argv, new AbortController(), stdout, stderr);
      return { code, out: stdout.text, err: stderr.text };
    },
    /** Starts a command that runs until it is interrupted. */
    begin(...argv: string[]) {
      const interrupted = new AbortController();
      const [stdout, stderr] = [new Kept(), new Kept()];
      const ended = start(argv, interrupted, stdout, stderr);
      onTestFinished(async () => {
        interrupted.abort();
        await ended;
      });
      return { stdout, stderr, ended, interrupt: () => interrupted.abort() };
    },
    /** Runs it on a standard output of the test's. */
    runOn: (stdout: Writable, ...argv: string[]) => start(argv, new AbortController(), stdout, new Kept()),
  };
}

/** The lines of a text that holds one JSON object a line. */
export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

/** What the sqlite3 program, which knows nothing of Glucohub, says. */
export function sqlite3(path: string, sql: string): string {
  return execFileSync("sqlite3", [path, sql], { encoding: "utf8" }).trim();
}

/** True where the sqlite3 program is installed. */
export const hasSqlite3 = (() => {
  try {
    execFileSync("sqlite3", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();
