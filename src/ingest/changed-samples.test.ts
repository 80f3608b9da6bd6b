import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { healthkit } from "../../drivers/healthkit/index.js";
import { look, NOW_MS, tempFolder, tempStore } from "../../test/helpers/ingest.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { editRecord } from "../store/records.js";
import type { Store } from "../store/store.js";
import { importFile } from "./import-file.js";
import { ownerBySerial } from "./owner.js";

/** An export of one glucose sample that its app may correct (it bears a sync identifier) and one that it may not. */
function exportOf(value: string, unit: string, version: number): string {
  const dates =
    'creationDate="2026-01-05 09:00:00 +0100" startDate="2026-01-05 08:00:00 +0100" endDate="2026-01-05 08:00:00 +0100"';
  return `<?xml version="1.0" encoding="UTF-8"?>
<HealthData locale="en_GB">
 <Record type="HKQuantityTypeIdentifierBloodGlucose" sourceName="Diary" unit="${unit}" ${dates} value="${value}">
  <MetadataEntry key="HKMetadataKeySyncIdentifier" value="one"/>
  <MetadataEntry key="HKMetadataKeySyncVersion" value="${version}"/>
 </Record>
</HealthData>
`;
}

function take(store: Store, text: string) {
  const file = join(tempFolder(), "export.xml");
  writeFileSync(file, text);
  return importFile({
    file,
    drivers: [healthkit],
    store,
    clock: new VirtualClock(NOW_MS),
    ownerOf: ownerBySerial([], "Europe/London"),
    signal: new AbortController().signal,
  });
}

const values = (store: Store) => look(store, "SELECT json_extract(fields, '$.value') AS value, version FROM records");

test("a sample that its app corrected is told, kept for a person, and overwrites nothing", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  const report = await take(store, exportOf("140", "mg/dL", 2));
  expect(report).toMatchObject({ state: "done", new: 0, known: 0, unreadable: 1 });
  expect(report.notUnderstood.join()).toMatch(/140 mg\/dL/);
  expect(values(store)).toEqual([{ value: 104, version: 1 }]);
  const kept = look(store, "SELECT code, CAST(raw AS TEXT) AS raw FROM quarantine") as { code: string; raw: string }[];
  expect(kept.map(({ code }) => code)).toEqual(["IMPORT_CHANGED"]);
  expect(kept[0]?.raw).toContain('value="140"');
  await take(store, exportOf("140", "mg/dL", 2));
  expect(look(store, "SELECT 1 FROM quarantine")).toHaveLength(1);
});

test.each([
  ["the same again", "104", "mg/dL"],
  ["the other unit, as the phone's setting spells it", "5.8", "mmol&lt;180.1558800000541&gt;/L"],
])("%s is no correction", async (_what, value, unit) => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  expect(await take(store, exportOf(value, unit, 1))).toMatchObject({ new: 0, known: 1, unreadable: 0 });
});

test("a time that a person corrected here does not make the export's own one a correction", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  const [row] = look(store, "SELECT id FROM records") as { id: string }[];
  await editRecord(
    store,
    row?.id ?? "",
    { time: "2026-01-05T07:30:00Z" },
    { by: "nurse", why: "edit", at: "2026-01-06T00:00:00.000Z" },
  );
  expect(await take(store, exportOf("104", "mg/dL", 1))).toMatchObject({ new: 0, known: 1, unreadable: 0 });
  expect(values(store)).toEqual([{ value: 104, version: 2 }]);
});
