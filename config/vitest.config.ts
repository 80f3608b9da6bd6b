import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./count-reporter.js";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["src/**/*.test.ts", "drivers/**/*.test.ts", "test/**/*.test.ts"],
    // A process a file: native libraries, worker threads and child processes of one file can't disturb another's.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    expect: { requireAssertions: true },
    reporters: ["default", new CountReporter()],
  },
});
