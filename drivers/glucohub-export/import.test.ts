import { expect, test } from "vitest";
import { csvHead, csvRecord } from "../../src/cli/csv.js";
import type { GlucoRecord } from "../../src/domain/record.js";
import { importFile } from "../../src/ingest/import-file.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { listRecords } from "../../src/store/queries.js";
import type { Store } from "../../src/store/store.js";
import { tempStore } from "../../test/helpers/ingest.js";
import { filesOf } from "../../test/helpers/report-file.js";
import { healthkit } from "../healthkit/index.js";
import { sampleExport } from "../healthkit/simulator.js";
import { glucohubExport } from "./index.js";

const NOW_MS = Date.parse("2026-11-21T00:00:00Z");
const XML = sampleExport({ seed: 5, days: 3, endMs: NOW_MS, zone: "Europe/London" });

async function imported(store: Store, text: string) {
  return importFile({
    file: filesOf({ "a.txt": text }),
    drivers: [healthkit, glucohubExport],
    store,
    clock: new VirtualClock(NOW_MS),
    ownerOf: ownerBySerial([], "Europe/London"),
    signal: new AbortController().signal,
  });
}

const all = async (store: Store): Promise<GlucoRecord[]> =>
  [...(await listRecords(store, { limit: 1_000 })).records].sort((a, b) => (a.id < b.id ? -1 : 1));

test("a hub's own list changes nothing there, and gives another hub the same records under the same ids", async () => {
  const [one, other] = [await tempStore(), await tempStore()];
  await imported(one, XML);
  const records = await all(one);
  expect(records.length).toBeGreaterThan(20);
  for (const text of [
    csvHead() + records.map(csvRecord).join(""),
    records.map((record) => `${JSON.stringify(record)}\n`).join(""),
  ]) {
    expect(await imported(one, text)).toMatchObject({ outcome: "done", new: 0, known: records.length, unreadable: 0 });
    await imported(other, text);
    expect(await all(other)).toEqual(records);
  }
  expect(await imported(other, XML)).toMatchObject({ new: 0, known: records.length });
});
