import { writeSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends the output of a test run with the line `N passed, N failed, N skipped`, which scripts read.
 * A file that could not be loaded, a hook that failed and an error outside any test count as one failed each.
 */
export class CountReporter implements Reporter {
  #line = count([], 0);

  onInit(): void {
    // On leaving, so that nothing that the test runner says comes after it.
    process.once("exit", () => writeSync(1, `${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    this.#line = count(modules, errors.length);
  }
}

function count(modules: readonly TestModule[], errors: number): string {
  let passed = 0;
  let failed = errors;
  let skipped = 0;
  for (const module of modules) {
    if (module.errors().length > 0) failed += 1;
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed += 1;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "failed") failed += 1;
      else skipped += 1;
    }
  }
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
