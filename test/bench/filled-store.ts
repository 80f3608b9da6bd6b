import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { copyStore } from "../../src/store/copy.js";
import { ingestPage } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";
import type { BenchContext } from "./figure.js";
import { CAPTURE, meterRecords, pagesOf, READER } from "./meter-records.js";

const PAGE = 1_000;

/**
 * A copy of a store that holds this run's number of records, none of them pushed: its path. The store is filled once a
 * run. Open one copy at a time: they have the same identity.
 */
export async function filledStore(context: BenchContext, name: string): Promise<string> {
  const full = join(context.folder, "filled.db");
  if (!existsSync(full)) {
    context.say(`Filling a store with ${context.records} records.`);
    const store = await Store.open({ path: join(context.folder, "filling.db"), role: "local" });
    for (const page of pagesOf(meterRecords(context.records), PAGE))
      await store.write((tx) => ingestPage(tx, page, CAPTURE, READER));
    // One file that is whole, without a write-ahead log beside it.
    await copyStore(store.path, full);
    await store.close();
  }
  const copy = join(context.folder, `${name}.db`);
  copyFileSync(full, copy);
  return copy;
}
