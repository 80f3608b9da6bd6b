#!/usr/bin/env node
/** The command `glucohub`: prepares the checkout if that was never done, then hands over to the compiled program. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { handOver } from "./preparation/hand-over.mjs";
import { prepare, readiness } from "./preparation/index.mjs";
import { PreparationError, say } from "./preparation/run.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  const state = readiness(root);
  if (state === "missing") await prepare(root, ["packages", "build"]);
  // Not rebuilt here: a hub may be running from what was built, and must not find half of it replaced.
  if (state === "stale")
    say("Glucohub's sources have changed since it was built; `npm start` or `npm run build` builds it.");
} catch (error) {
  if (!(error instanceof PreparationError)) throw error;
  say(error.message);
  process.exit(1);
}
await handOver(root);
