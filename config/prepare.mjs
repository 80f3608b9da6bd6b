#!/usr/bin/env node
/**
 * What stands behind `npm start`, `npm test`, `npm run bench`, `npm run soak`, `npm run simulate` and
 * `npm run test:devices`: makes the checkout ready, then does what was asked. Needs nothing but Node.js. Speaks on standard error only.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { handOver } from "./preparation/hand-over.mjs";
import { prepare } from "./preparation/index.mjs";
import { PreparationError, say } from "./preparation/run.mjs";

const OLDEST_NODE = 20;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [what, ...args] = process.argv.slice(2);

/** What can be asked for: the parts of the preparation that it needs, and what then runs. */
const ACTIONS = {
  start: { parts: ["packages", "build", "redis"], run: start },
  test: { parts: ["packages", "build", "redis"], run: test },
  bench: { parts: ["packages", "build"], run: bench },
  soak: { parts: ["packages", "build", "redis"], run: soak },
  simulate: { parts: ["packages", "build"], run: simulate },
  devices: { parts: ["packages", "build", "redis"], run: devices },
  build: { parts: ["packages", "build"], run: async () => {} },
  packages: { parts: ["packages"], run: async () => {} },
};

await main();

async function main() {
  const action = Object.hasOwn(ACTIONS, what ?? "") ? ACTIONS[what] : undefined;
  if (action === undefined) {
    say(`Usage: node config/prepare.mjs ${Object.keys(ACTIONS).join("|")} [arguments]`);
    process.exit(2);
  }
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    say(`Glucohub needs Node.js ${OLDEST_NODE} or newer; this is ${process.version}.`);
    process.exit(1);
  }
  // Leaving by process.exit releases the lock and ends a command that is under way.
  const leave = (signal) => process.exit(128 + constants.signals[signal]);
  process.on("SIGINT", leave).on("SIGTERM", leave);
  try {
    await prepare(root, action.parts);
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    say(error.message);
    process.exit(1);
  }
  process.off("SIGINT", leave).off("SIGTERM", leave);
  await action.run();
}

/** The hub runs in this very process: one less between a service manager's signals and the hub. */
async function start() {
  process.argv = [process.argv[0], join(root, "config/glucohub.mjs"), "start", ...args];
  await handOver(root);
}

async function bench() {
  process.argv = [process.argv[0], join(root, "dist/test/bench/main.js"), ...args];
  await import(pathToFileURL(join(root, "dist/test/bench/main.js")).href);
}

async function soak() {
  process.argv = [process.argv[0], join(root, "dist/test/soak/main.js"), ...args];
  await import(pathToFileURL(join(root, "dist/test/soak/main.js")).href);
}

async function simulate() {
  process.argv = [process.argv[0], join(root, "dist/test/simulator/main.js"), ...args];
  await import(pathToFileURL(join(root, "dist/test/simulator/main.js")).href);
}

async function devices() {
  process.argv = [process.argv[0], join(root, "dist/test/devices/main.js"), ...args];
  await import(pathToFileURL(join(root, "dist/test/devices/main.js")).href);
}

async function test() {
  const { NODE_ENV: _, ...env } = process.env;
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "config/vitest.config.ts", ...args];
  const child = spawn(process.execPath, vitest, { cwd: root, env, stdio: "inherit" });
  // A terminal sends Ctrl-C to both; a signal to this process alone is passed on.
  process.on("SIGINT", () => {}).on("SIGTERM", () => child.kill("SIGTERM"));
  process.exitCode = await new Promise((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
