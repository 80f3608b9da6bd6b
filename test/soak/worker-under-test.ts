import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { soakProgram } from "./cloud-under-test.js";
import { until } from "./until.js";
import type { FromWorker, WorkerStart } from "./worker-messages.js";

/** How a round ended. */
export type Rung = Extract<FromWorker, { type: "rung" }>;

/** A sync worker as a process of its own. */
export interface WorkerUnderTest {
  readonly pid: number;
  readonly holder: string;
  /** Asks for a round now; resolves when it has ended. */
  ring(): Promise<Rung>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the kernel has stopped it. */
  stopped(): Promise<void>;
  /** Ends it in order. */
  end(): Promise<void>;
  kill(): void;
}

/** Starts one; resolves when it has opened its store. */
export async function startWorker(start: WorkerStart): Promise<WorkerUnderTest> {
  const child: ChildProcess = fork(soakProgram("sync-worker"), [JSON.stringify(start)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const rung = new Map<number, (answer: Rung) => void>();
  let rings = 0;
  await new Promise<void>((resolve, reject) => {
    void gone.then(() => reject(new Error("a sync worker did not start")));
    child.on("message", (message: FromWorker) => {
      if (message.type === "ready") return resolve();
      rung.get(message.id)?.(message);
      rung.delete(message.id);
    });
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    holder: start.holder,
    ring: () =>
      new Promise((resolve, reject) => {
        rings += 1;
        rung.set(rings, resolve);
        void gone.then(() => reject(new Error("a sync worker ended in its round")));
        child.send({ type: "ring", id: rings });
      }),
    signal: (signal) => void child.kill(signal),
    stopped: async () => {
      // proc(5): the state follows the name, which stands in brackets.
      const isStopped = (): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      await until("the worker's process to be stopped", 10_000, isStopped);
    },
    end: async () => {
      child.send({ type: "stop" });
      await gone;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
