import { spawn } from "node:child_process";

/** A preparation that can't go on; the message is for a person and complete. */
export class PreparationError extends Error {}

/** Says one sentence to the person who waits; standard output stays free for data. */
export function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

/** How long a silent step may take before a person is told what goes on, milliseconds. */
const PATIENCE_MS = 1500;
/** How often a long step is said to go on, milliseconds. */
const HEARTBEAT_MS = 10_000;
/** How much of a command's last output is kept for the case that it fails, characters. */
const TAIL_CHARACTERS = 6000;

/**
 * Runs a command without a shell and without input, and says what goes on once it takes time.
 *
 * @param {string} sentence what is being done, e.g. "Building Glucohub."
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options] after `timeoutMs` the command is ended
 * @returns {Promise<{ code: number, output: string }>} exit code (127 if it could not be started, 124 if it was ended
 *   for taking too long, 128 + 15 after another signal) and the end of what it wrote
 */
export async function run(sentence, command, args, options = {}) {
  let output = "";
  let late = false;
  const began = Date.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const keep = (chunk) => {
    output = (output + chunk).slice(-TAIL_CHARACTERS);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const first = setTimeout(() => say(sentence), PATIENCE_MS);
  const beat = setInterval(() => say(`  … ${Math.round((Date.now() - began) / 1000)} s so far.`), HEARTBEAT_MS);
  const limit =
    options.timeoutMs === undefined
      ? null
      : setTimeout(() => {
          late = true;
          child.kill("SIGKILL");
        }, options.timeoutMs);
  // A preparation that is told to stop must not leave its command running behind it.
  const stop = () => child.kill("SIGTERM");
  process.once("exit", stop);
  try {
    return await new Promise((resolve) => {
      child.once("error", (error) => resolve({ code: 127, output: error.message }));
      child.once("close", (code) => resolve({ code: late ? 124 : (code ?? 143), output: output.trim() }));
    });
  } finally {
    clearTimeout(first);
    clearInterval(beat);
    if (limit !== null) clearTimeout(limit);
    process.removeListener("exit", stop);
  }
}
