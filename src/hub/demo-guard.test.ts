import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { manualFields } from "../domain/manual.js";
import { addRecord } from "../store/records.js";
import { Store } from "../store/store.js";
import { guardDemo } from "./demo-guard.js";

const ID = "6f1c1c3e-5a0b-4f4c-9a5e-2f0d7b6a4c11";

async function emptyStore(): Promise<{ store: Store; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-guard-"));
  const store = await Store.open({ path: join(folder, "glucohub.db"), role: "local" });
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, folder };
}

const keep = (store: Store) =>
  addRecord(
    store,
    { id: ID, ...manualFields(ID, "carbs", { value: 20, unit: "g" }, 0), raw: null },
    { by: "nurse", why: "typed", at: "2026-01-01T00:00:00.000Z" },
  );

test("an empty folder may become the demo's, and a real hub then keeps out of it", async () => {
  const { store, folder } = await emptyStore();
  await guardDemo(store, folder, false);
  await guardDemo(store, folder, true);
  await keep(store);
  await guardDemo(store, folder, true);
  await expect(guardDemo(store, folder, false)).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
});

test("the demo keeps out of a folder with a real record", async () => {
  const { store, folder } = await emptyStore();
  await keep(store);
  await expect(guardDemo(store, folder, true)).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
  await guardDemo(store, folder, false);
});
