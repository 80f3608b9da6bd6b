import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "./connection.js";

test("every connection that writes makes a commit durable before it returns, and lets no REPLACE slip past the guards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-connection-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let checked = 0;
  for (const role of ["migrate", "local", "sync"] as const) {
    const connection = connect(join(folder, "glucohub.db"), role);
    const ask = (name: string): unknown => connection.raw.pragma(name, { simple: true });
    // SQLite's numbers: 2 is FULL, a sync of the log at each commit.
    expect([ask("synchronous"), ask("journal_mode"), ask("recursive_triggers"), ask("foreign_keys")]).toEqual([
      2,
      "wal",
      1,
      1,
    ]);
    expect(ask("temp_store")).toBe(role === "migrate" ? 0 : 2);
    // The store waits for its turn itself, without holding the thread up.
    expect(ask("busy_timeout")).toBe(role === "migrate" ? 5_000 : 0);
    await connection.close();
    checked += 1;
  }
  expect(checked).toBe(3);
});
