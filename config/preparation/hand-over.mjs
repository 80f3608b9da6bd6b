import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";

/** Largest half of V8's young generation while a hub runs, MB. */
const YOUNG_MB = 2;

/**
 * Hands over to the compiled program, in this very process. A hub rests most of its life on a small computer: V8 is not
 * to keep what starting took. That can be said only before the program is loaded.
 */
export async function handOver(root) {
  if (process.argv[2] === "start") {
    setFlagsFromString("--semi-space-growth-factor=1");
    setFlagsFromString(`--max-semi-space-size=${YOUNG_MB}`);
  }
  await import(pathToFileURL(join(root, "dist/src/cli/main.js")).href);
}
