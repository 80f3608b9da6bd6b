import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { CountReporter } from "./count-reporter.js";

const ON_POSTGRES = [
  "test/sync/engine.test.ts",
  "test/sync/random.test.ts",
  "test/sync/restored.test.ts",
  "test/sync/two-hubs.test.ts",
];

/** The device lab: see docs/devices-lab.md. */
const LAB = "test/devices/lab.test.ts";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    // A process a file: native libraries, worker threads and child processes of one file can't disturb another's.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    expect: { requireAssertions: true },
    reporters: ["default", new CountReporter()],
    projects: [
      {
        extends: true,
        test: {
          ...{ name: "all", include: ["src/**/*.test.ts", "drivers/**/*.test.ts", "test/**/*.test.ts"] },
          // Beside its defaults: peers that the bench has installed bring tests of their own.
          exclude: [...configDefaults.exclude, LAB],
        },
      },
      {
        // Alone, when the others are done: it emulates a machine with two processors.
        extends: true,
        test: { name: "devices", include: [LAB], sequence: { groupOrder: 1 } },
      },
      {
        // The same suites on the other kind of store; skipped, and counted so, where there is no server.
        extends: true,
        test: {
          name: "postgres",
          include: ON_POSTGRES,
          provide: { store: "PostgreSQL" },
          setupFiles: ["test/helpers/postgres-or-skip.ts"],
        },
      },
    ],
  },
});
