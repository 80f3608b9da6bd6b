import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../domain/problem.js";
import { lastChange } from "../store/queries.js";
import type { Store } from "../store/store.js";

const MARK = "demo";

/** The demo keeps its invented readings in its own folder and never in a database. Throws SETTINGS_INVALID. */
export function guardDemoDatabase(databaseUrl: string | null, demo: boolean): void {
  if (!demo || databaseUrl === null) return;
  throw new Problem(
    "SETTINGS_INVALID",
    "The demo does not put its invented readings into a database: unset database.url (GLUCOHUB_DATABASE_URL) for it.",
  );
}

/**
 * Keeps invented readings apart from real ones: a data folder that holds any record is the demo's or is not, for good.
 * Throws SETTINGS_INVALID where the two would be mixed.
 */
export async function guardDemo(store: Store, dataDir: string, demo: boolean): Promise<void> {
  const mark = join(dataDir, MARK);
  const marked = existsSync(mark);
  if (demo && !marked) {
    if ((await lastChange(store)) > 0) {
      throw new Problem(
        "SETTINGS_INVALID",
        `The demo does not mix its invented readings with those in ${dataDir}: set GLUCOHUB_DATA to another folder for it.`,
      );
    }
    writeFileSync(mark, "This folder holds the demo's invented readings. Remove it before you keep real ones here.\n");
  }
  if (!demo && marked) {
    throw new Problem(
      "SETTINGS_INVALID",
      `${dataDir} holds the demo's invented readings. Remove that folder (rm -r ${dataDir}), set GLUCOHUB_DATA to another one, or start with --demo.`,
    );
  }
}
