import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How long a process may take to end when it is told to, milliseconds. */
const STOP_MS = 10_000;

/** A process that this run started. */
export interface Child {
  readonly pid: number;
  /** The next line of its standard output. Rejects if it ended. */
  line(): Promise<string>;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a Node.js program of this folder, or of another address, as a process of its own.
 *
 * @param options `say` is told each line of its standard error, which else goes where this process's goes; `flags` are
 *   for Node.js itself
 */
export function startChild(
  script: URL,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly say?: (line: string) => void;
    readonly flags?: readonly string[];
  } = {},
): Child {
  const child = spawn(process.execPath, [...(options.flags ?? []), fileURLToPath(script), ...args], {
    stdio: ["ignore", "pipe", options.say === undefined ? "inherit" : "pipe"],
    env: options.env ?? process.env,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${script.pathname} could not be started`);
  const { stdout, stderr } = child;
  if (stdout === null) throw new Error("the process has no standard output");
  if (stderr !== null && options.say !== undefined) createInterface({ input: stderr }).on("line", options.say);
  // Taken from the beginning: lines that come before anyone asks wait.
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const ended = once(child, "close");
  return {
    pid,
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`${script.pathname} ended: ${howItEnded(child)}`);
      return next.value;
    },
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      // Nobody reads on; what it still says must not hold it.
      stdout.resume();
      await ended;
      clearTimeout(late);
    },
  };
}

function howItEnded(child: ChildProcess): string {
  return child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
}
