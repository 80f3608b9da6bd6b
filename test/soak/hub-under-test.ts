import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addressOf, call, type Ended, type Running, runProgram, TOKEN, tryGlucohub } from "../e2e/hub-program.js";
import { until } from "./until.js";

/** What the hub says of its synchronisation (`GET /sync`). */
export interface SyncAnswer {
  readonly state: string;
  readonly pending: number;
  readonly rejected: number;
  readonly conflicts: number;
  readonly lastError: string | null;
  readonly scheduler: string;
}

/** True if the cloud refused the hub's token: then a person puts that right and asks for a round. All else mends itself. */
export function needsPerson({ state, lastError }: SyncAnswer): boolean {
  return state === "blocked" && /answered 40[13]/.test(lastError ?? "");
}

/** How long an answer may take before a person gives up; longer than a hub is ever stopped here. */
export const PATIENCE_MS = 90_000;

/** A hub as a real process on a data folder of its own, started and ended as often as a scenario likes. */
export class HubUnderTest {
  /** Its name in the cloud's history. */
  readonly name: string;
  readonly data: string;
  readonly #env: Readonly<Record<string, string>>;
  #running: Running | null = null;
  #url: string | null = null;
  #waiting: ((url: string) => void)[] = [];

  constructor(name: string, data: string, env: Readonly<Record<string, string>>) {
    this.name = name;
    this.data = data;
    this.#env = { GLUCOHUB_HUB_ID: name, ...env };
  }

  /** The store's file. */
  get path(): string {
    return join(this.data, "glucohub.db");
  }

  get pid(): number | null {
    return this.#running?.child.pid ?? null;
  }

  /** What the present process printed. */
  get output(): string {
    return this.#running?.output() ?? "";
  }

  /** Begins to start it and returns at once; `started` resolves when it answers, with false if it ended before. */
  launch(more: Readonly<Record<string, string>> = {}): { readonly started: Promise<boolean>; output(): string } {
    if (this.#running !== null) throw new Error(`${this.name} runs already`);
    const running = runProgram(this.data, ["start"], { ...this.#env, ...more });
    this.#running = running;
    running.child.once("exit", () => {
      if (this.#running !== running) return;
      this.#running = null;
      this.#url = null;
    });
    const started = addressOf(running).then(
      (url) => {
        if (this.#running !== running) return false;
        this.#url = url;
        for (const told of this.#waiting.splice(0)) told(url);
        return true;
      },
      () => false,
    );
    return { started, output: running.output };
  }

  /** Starts it and waits until it answers. Throws with what it printed if it ends before. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { started, output } = this.launch(more);
    if (!(await started)) throw new Error(`${this.name} did not start:\n${output()}`);
  }

  /** Ends it by that signal and waits until the process is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    await running.kill(signal);
    if (this.#running === running) this.#running = null;
    this.#url = null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#running?.child.kill(signal);
  }

  /** Its address; waits until it has one or the signal gives up (null). */
  async address(signal: AbortSignal): Promise<string | null> {
    if (signal.aborted) return null;
    if (this.#url !== null) return this.#url;
    return await new Promise((resolve) => {
      const giveUp = (): void => resolve(null);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push((url) => {
        signal.removeEventListener("abort", giveUp);
        resolve(url);
      });
    });
  }

  /** How its synchronisation is. Throws while it does not answer. */
  async sync(): Promise<SyncAnswer> {
    if (this.#url === null) throw new Error(`${this.name} does not run`);
    const { body } = await call(this.#url, "GET", "/sync", undefined, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return body as unknown as SyncAnswer;
  }

  /** What a person does who has put something right: asks for a round now. */
  async ring(): Promise<void> {
    if (this.#url !== null) await call(this.#url, "POST", "/sync");
  }

  /** Hands in an export, as a person does over HTTP: the import's id, or null if it was refused. */
  async import(text: string): Promise<string | null> {
    if (this.#url === null) throw new Error(`${this.name} does not run`);
    const answer = await fetch(`${this.#url}/api/v1/imports`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/xml" },
      body: text,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const said = (await answer.json()) as { readonly import?: string };
    return answer.status === 202 ? (said.import ?? null) : null;
  }

  /** Processes on its data folder whose command line holds that text. */
  processes(text: string): number[] {
    return processesOn(this.data).filter((pid) => commandOf(pid).includes(text));
  }

  /** Runs another command on its data folder. */
  command(...args: string[]): Promise<Ended> {
    return tryGlucohub(this.data, args, this.#env);
  }

  /** Ends it in order and waits until no process knows its data folder any more. Throws if one stays. */
  async leaveNothing(): Promise<void> {
    await this.end("SIGTERM");
    await until(
      `every process on ${this.data} to end`,
      15_000,
      () => processesOn(this.data).length === 0,
      () => `left: ${processesOn(this.data).join(", ")}`,
    );
  }
}

/** Processes whose command line or environment names that folder, by /proc. */
function processesOn(folder: string): number[] {
  const names = (pid: string): boolean =>
    ["cmdline", "environ"].some((file) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, "utf8").includes(folder);
      } catch {
        return false;
      }
    });
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && names(name))
    .map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
