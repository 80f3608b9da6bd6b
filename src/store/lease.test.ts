import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isProblem } from "../domain/problem.js";
import { copyStore } from "./copy.js";
import { dropLease, takeLease } from "./lease.js";
import { Store } from "./store.js";
import { setSyncState, syncState } from "./sync-state.js";

const NOON = Date.parse("2026-03-04T12:00:00Z");
let folder: string;
let first: Store;
let second: Store;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-lease-"));
  first = await Store.open({ path: join(folder, "glucohub.db"), role: "sync" });
  second = await Store.open({ path: join(folder, "glucohub.db"), role: "sync" });
});
afterEach(async () => {
  await first.close();
  await second.close();
  rmSync(folder, { recursive: true, force: true });
});

const take = (store: Store, holder: string, nowMs: number, force = false) =>
  takeLease(store, { holder, nowMs, durationMs: 1_000, force });

test("one holder at a time: another gets it when it has run out, is let go, or by force, with a larger fence each time", async () => {
  const a = await take(first, "a", NOON);
  await expect(take(second, "b", NOON + 999)).rejects.toMatchObject({ code: "LEASE_LOST" });
  const b = await take(second, "b", NOON + 1_001);
  await expect(first.write((tx) => a.renew(tx, NOON + 1_002))).rejects.toMatchObject({ code: "LEASE_LOST" });
  await dropLease(second, b);
  const again = await take(first, "a", NOON + 1_003);
  const forced = await take(second, "b", NOON + 1_004, true);
  const fences = [a, b, again, forced].map(({ fence }) => fence);
  expect(fences).toEqual([...fences].sort((x, y) => x - y));
  expect(new Set(fences).size).toBe(4);
});

test("a clock that jumps back gives no fence a second time", async () => {
  const { fence } = await take(first, "a", NOON);
  expect((await take(second, "b", NOON - 3_600_000, true)).fence).toBe(fence + 1);
});

test("a worker that lived before the store was restored from a backup can't write, though the backup had an earlier fence", async () => {
  await take(first, "older", NOON);
  const path = join(folder, "restored.db");
  await copyStore(first.path, path);
  const before = await take(first, "a", NOON, true);
  // The worker's connection broke and was made again, to the restored store; the worker noticed nothing.
  const restored = await Store.open({ path, role: "sync" });
  restored.setFence(before.fence);
  const other = await Store.open({ path, role: "sync" });
  const after = await take(other, "b", NOON - 5_000, true);
  const write = (store: Store, lease: typeof after) =>
    store.write(async (tx) => {
      await lease.renew(tx, NOON + 6);
      await setSyncState(tx, "cursor", lease.holder);
    });
  await expect(write(restored, before)).rejects.toSatisfy((error) => isProblem(error, "LEASE_LOST"));
  await write(other, after);
  expect((await syncState(other)).cursor).toBe("b");
  await restored.close();
  await other.close();
});
