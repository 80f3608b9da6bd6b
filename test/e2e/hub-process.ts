import { onTestFinished } from "vitest";
import { addressOf, type Running, runProgram } from "./hub-program.js";

export { call, dataFolder, glucohub, isBuilt, processesWith, sqlite3, TOKEN, tryGlucohub } from "./hub-program.js";

/** Starts a command and leaves it running until the test ends. */
export function run(data: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const running = runProgram(data, args, env);
  // Also where the test fails in the middle: nothing of it goes on behind the others.
  onTestFinished(() => {
    running.child.kill("SIGKILL");
  });
  return running;
}

/** Starts a hub and gives its address once it answers. */
export async function startHub(
  data: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Running & { url: string }> {
  const hub = run(data, ["start", ...args], env);
  return { ...hub, url: await addressOf(hub) };
}
