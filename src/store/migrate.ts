import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Problem } from "../domain/problem.js";
import { connect, storeProblem } from "./connection.js";
import { MIGRATIONS } from "./migrations/index.js";

/**
 * Brings the store's file to the newest schema, making it where it does not exist. All in one transaction: a crash in
 * the middle leaves the store as it was. Two processes may do it at once.
 *
 * @param fresh facts of a new store
 * @param hubId name that the settings give this hub; replaces the one in the store
 */
export function migrate(path: string, fresh: { hub: string; epoch: string }, hubId: string | null): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeProblem(error, dirname(path));
  }
  if (hubId === null && isCurrent(path)) return;
  const { raw } = connect(path, "migrate");
  try {
    const applied = Number(raw.pragma("user_version", { simple: true }));
    if (applied > MIGRATIONS.length) throw new Problem("STORE_NEWER");
    const current = applied === MIGRATIONS.length;
    if (
      current &&
      (hubId === null || raw.prepare("SELECT value FROM facts WHERE name = 'hub'").pluck().get() === hubId)
    )
      return;
    raw
      .transaction(() => {
        const before = Number(raw.pragma("user_version", { simple: true }));
        for (const migration of MIGRATIONS.slice(before)) raw.exec(migration.sql);
        raw.pragma(`user_version = ${MIGRATIONS.length}`);
        const fact = raw.prepare("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING");
        fact.run("hub", fresh.hub);
        fact.run("epoch", fresh.epoch);
        if (hubId !== null) raw.prepare("UPDATE facts SET value = ? WHERE name = 'hub'").run(hubId);
      })
      .immediate();
  } catch (error) {
    throw storeProblem(error, path);
  } finally {
    raw.close();
  }
}

/** True for a file with the newest schema: one look at its head, as most often there is nothing to do. */
function isCurrent(path: string): boolean {
  let raw: Database.Database | null = null;
  try {
    raw = new Database(path, { readonly: true, fileMustExist: true });
    return Number(raw.pragma("user_version", { simple: true })) === MIGRATIONS.length;
  } catch {
    // Not there, or not to be read like this: whoever opens it to write finds out why.
    return false;
  } finally {
    raw?.close();
  }
}
