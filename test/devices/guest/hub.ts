import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SIMULATED_KEYS } from "../../../drivers/freestyle-libre2/simulator.js";
import type { MeterStatus } from "../../../src/domain/status.js";
import { systemClock } from "../../../src/kit/system-clock.js";
import { type Answer, addressOf, call, type Running, runProgram } from "../../e2e/hub-program.js";

/** Zone of the meters and of the hub. */
export const ZONE = "Europe/London";

/** How long questions are gathered, milliseconds. */
const BREATH_MS = 100;

/** The built hub, as a process of its own with a data folder of its own, without a cloud. */
export class LabHub {
  readonly data: string;
  readonly #running: Running;
  #url = "";
  #asked: Promise<readonly MeterStatus[]> | null = null;

  constructor(data: string) {
    this.data = data;
    mkdirSync(data, { recursive: true });
    // The virtual readers' own: no real reader has them.
    const keyFile = join(data, "keys.txt");
    writeFileSync(keyFile, [...SIMULATED_KEYS].map(([name, key]) => `${name}: ${hex(key)}\n`).join(""));
    this.#running = runProgram(data, ["start"], {
      ...{ GLUCOHUB_ZONE: ZONE, GLUCOHUB_INBOX: "off", GLUCOHUB_KEY_FILE: keyFile, HOME: data },
    });
  }

  /** Resolves when it answers; rejects with what it printed if it ends before, or after the limit. */
  async ready(limitMs: number): Promise<void> {
    const late = new AbortController();
    const tooLate = systemClock.sleep(limitMs, late.signal).then(() => {
      throw new Error(`the hub is not ready after ${limitMs / 1_000} s:\n${this.output()}`);
    });
    try {
      this.#url = await Promise.race([addressOf(this.#running), tooLate]);
    } finally {
      tooLate.catch(() => undefined);
      late.abort();
    }
  }

  /** What it says of the meters (`GET /api/v1/meters`). Whoever asks at the same time gets the same answer. */
  meters(): Promise<readonly MeterStatus[]> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  /** A call of its HTTP interface. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.#url, method, path, body);
  }

  async #ask(): Promise<readonly MeterStatus[]> {
    // Many look at many meters: each question costs the emulated processor what the hub needs for reading.
    await systemClock.sleep(BREATH_MS);
    this.#asked = null;
    const { body } = await call(this.#url, "GET", "/meters");
    return body["meters"] as readonly MeterStatus[];
  }

  /** All that it printed. */
  output(): string {
    return this.#running.output();
  }

  /** Ends it in order; false if it had to be killed. */
  async stop(limitMs: number): Promise<boolean> {
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      void this.#running.kill("SIGKILL");
    }, limitMs);
    await this.#running.kill("SIGTERM");
    clearTimeout(timer);
    return !killed;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
