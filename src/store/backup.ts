import { existsSync } from "node:fs";
import { Problem } from "../domain/problem.js";
import { auditStore } from "./audit.js";
import type { StoreAudit } from "./audit-checks.js";
import { storeProblem } from "./connection.js";
import { copyStore, linkOrMove, removeStore } from "./copy.js";

/**
 * Backs a store up into a new file while it is in use: copied, then audited, and only then given its name. Throws USAGE
 * if the file exists, STORE_UNUSABLE with the first fault if the copy is not sound, and other STORE problems; then no
 * file is left.
 */
export async function backupStore(path: string, file: string): Promise<StoreAudit> {
  const taken = (): Problem => new Problem("USAGE", `${file} exists; it is not overwritten.`);
  if (existsSync(file)) throw taken();
  const draft = `${file}.unfinished`;
  await copyStore(path, draft);
  try {
    const audit = auditStore(draft);
    const [fault] = audit.faults;
    if (fault !== undefined) throw new Problem("STORE_UNUSABLE", `The copy of the store is not sound: ${fault}.`);
    try {
      linkOrMove(draft, file);
    } catch (error) {
      throw existsSync(file) ? taken() : storeProblem(error, file);
    }
    return audit;
  } finally {
    removeStore(draft);
  }
}
