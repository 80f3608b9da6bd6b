import { join } from "node:path";
import Database from "better-sqlite3";
import { Store } from "../../src/store/store.js";
import type { RemoteChange } from "../../src/sync/clouds/cloud.js";
import { percentile } from "./compare.js";
import type { Bench } from "./figure.js";
import { meterRecords } from "./meter-records.js";
import { readyCloud } from "./ready-cloud.js";
import { readyEngine, roundOf } from "./ready-engine.js";
import { walCommits } from "./wal-commits.js";

/** Changes that the cloud has: some pages, of whatever size the engine asks for. */
const CHANGES = 10_000;

/**
 * Pulls new records from a cloud in the same process, page by page: from the moment when a page is given to the moment
 * when the next is asked for, it is checked, applied and durable. Rejects unless each page was one transaction.
 */
export const benchPage: Bench = async (context) => {
  const { size, times } = await pulledPages(join(context.folder, "page.db"), CHANGES);
  return [
    {
      name: `pulled page of ${size} changes, one transaction`,
      unit: "ms",
      ours: percentile(times, 0.5),
      floor: null,
      ratio: null,
      target: null,
    },
  ];
};

/** Pulls so many changes into a new store; how many came a page, and the milliseconds of each page that was full. */
export async function pulledPages(
  path: string,
  count: number,
): Promise<{ readonly size: number; readonly times: readonly number[] }> {
  const cloud = readyCloud(changesOf(count));
  const store = await Store.open({ path, role: "sync" });
  const engine = readyEngine(store, cloud);
  // As long as somebody reads an old state, the log is not begun anew, and every transaction stays in it.
  const reader = new Database(path, { readonly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM records").get();
  let given: { readonly changes: number; readonly commits: number; readonly at: number } | null = null;
  const pages: { readonly changes: number; readonly ms: number }[] = [];
  cloud.onPage = (event, changes) => {
    const now = performance.now();
    const commits = walCommits(`${path}-wal`);
    if (event === "given") given = { changes, commits, at: performance.now() };
    else if (given !== null) {
      if (commits - given.commits !== 1) throw new Error(`a page took ${commits - given.commits} transactions`);
      pages.push({ changes: given.changes, ms: now - given.at });
    }
  };
  try {
    const { pulled } = await roundOf(engine);
    if (pulled !== count) throw new Error(`${pulled} of ${count} changes were pulled`);
  } finally {
    reader.close();
    await engine.stop();
    await store.close();
  }
  const size = Math.max(...pages.map(({ changes }) => changes));
  return { size, times: pages.filter(({ changes }) => changes === size).map(({ ms }) => ms) };
}

function changesOf(count: number): RemoteChange[] {
  return meterRecords(count).map(({ id, kind, fields }, index) => ({
    id,
    kind,
    rev: `fresh-${index}`,
    deleted: false,
    fields: { ...fields },
    changedBy: "another hub",
    changedAt: "2026-03-05T12:00:00.000Z",
  }));
}
