import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { mutated } from "./mutant.js";
import { MUTANTS } from "./mutants.js";

const wanted = process.env["GLUCOHUB_MUTANT"];
const mutant = MUTANTS.find(({ id }) => id === wanted);
if (mutant === undefined) throw new Error(`There is no mutant ${wanted}.`);

/** Runs tests on a mutant of the product, made while its files are loaded; ends with the first test that catches it. */
export default defineConfig({
  plugins: [
    {
      name: "glucohub-mutant",
      enforce: "pre",
      transform: (text, file) => mutated(mutant, file, text),
    },
  ],
  test: {
    root: resolve(import.meta.dirname, "../.."),
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 1,
    bail: 1,
    testTimeout: 8_000,
    hookTimeout: 8_000,
    reporters: [["json", { outputFile: process.env["GLUCOHUB_MUTANT_REPORT"] ?? "" }]],
  },
});
