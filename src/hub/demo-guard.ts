import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../domain/problem.js";

const MARK = "demo";

/**
 * Keeps invented readings apart from real ones: a data folder is the demo's from its first start on, or never. Throws
 * SETTINGS_INVALID where the two would be mixed.
 */
export function guardDemo(dataDir: string, demo: boolean): void {
  const marked = existsSync(join(dataDir, MARK));
  if (demo && !marked) {
    if (existsSync(join(dataDir, "glucohub.db"))) {
      throw new Problem(
        "SETTINGS_INVALID",
        `The demo does not mix its invented readings with those in ${dataDir}: set GLUCOHUB_DATA to another folder for it.`,
      );
    }
    writeFileSync(
      join(dataDir, MARK),
      "This folder holds the demo's invented readings. Remove it before you keep real ones here.\n",
    );
  }
  if (!demo && marked) {
    throw new Problem(
      "SETTINGS_INVALID",
      `${dataDir} holds the demo's invented readings: remove that folder, set GLUCOHUB_DATA to another one, or start with --demo.`,
    );
  }
}
