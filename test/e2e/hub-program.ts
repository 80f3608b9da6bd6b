import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout, whether this file runs from its source or compiled. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** True where the program was built, as `npm test` does before it runs the suites. */
export const isBuilt = existsSync(join(ROOT, "dist/src/cli/main.js"));

/** Token that the tests' hubs are given. */
export const TOKEN = "token-of-the-tests";

/** A data folder of its own. */
export function dataFolder(): string {
  return mkdtempSync(join(tmpdir(), "glucohub-e2e-"));
}

type Env = Readonly<Record<string, string>>;

/** What a command printed; throws where it failed. */
export function glucohub(data: string, args: readonly string[], env: Env = {}): string {
  return execFileSync(process.execPath, [join(ROOT, "config/glucohub.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, GLUCOHUB_DATA: data, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command as a process of its own, to its end, whatever comes of it. The test goes on meanwhile: it may play a meter. */
export async function tryGlucohub(data: string, args: readonly string[], env: Env = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, "config/glucohub.mjs"), ...args], {
    env: { ...process.env, GLUCOHUB_DATA: data, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err]: Buffer[][] = [[], []];
  child.stdout.on("data", (bytes: Buffer) => out?.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => err?.push(bytes));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, stdout: Buffer.concat(out ?? []).toString(), stderr: Buffer.concat(err ?? []).toString() };
}

/** A program of ours that goes on running. */
export interface Running {
  readonly child: ChildProcess;
  /** Everything that it printed so far. */
  output(): string;
  /** Resolves when the text was printed; rejects if the program ends before. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Sends the signal and resolves when the program has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a command and leaves it running; whoever calls this ends it. */
export function runProgram(data: string, args: readonly string[], env: Env = {}): Running {
  const child = spawn(process.execPath, [join(ROOT, "config/glucohub.mjs"), ...args], {
    env: { ...process.env, GLUCOHUB_DATA: data, GLUCOHUB_HTTP_PORT: "0", GLUCOHUB_API_TOKEN: TOKEN, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const listeners = new Set<() => void>();
  const heard = (bytes: Buffer): void => {
    text += bytes.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", heard);
  child.stderr.on("data", heard);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    child,
    output: () => text,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text);
          if (match === null) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        void ended.then(() => reject(new Error(`it ended without printing ${pattern}:\n${text}`)));
        look();
      }),
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

/** The address of a hub that was started, once it answers. */
export async function addressOf(hub: Running): Promise<string> {
  const [, url] = await hub.printed(/live page: (http:\/\/[^/\s]+)/);
  return url ?? "";
}

/** What a call of the hub's HTTP interface came to. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag: string | null;
}

/** A call of the hub's HTTP interface with the tests' token. */
export async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  more: { readonly headers?: Env; readonly signal?: AbortSignal } = {},
): Promise<Answer> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...more.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    etag: answer.headers.get("etag"),
  };
}

/** Runs SQL with the sqlite3 program, a witness that knows nothing of our code. */
export function sqlite3(data: string, sql: string): string {
  return execFileSync("sqlite3", [join(data, "glucohub.db"), sql], { encoding: "utf8" }).trim();
}

/** Processes whose command line names the text, by /proc. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function rootAbove(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : rootAbove(dirname(folder));
}
