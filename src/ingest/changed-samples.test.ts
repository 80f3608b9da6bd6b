import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { healthkit } from "../../drivers/healthkit/index.js";
import { look, NOW_MS, tempFolder, tempStore } from "../../test/helpers/ingest.js";
import type { RecordFields } from "../domain/record.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { listConflicts, resolveConflict } from "../store/conflicts.js";
import { editRecord, removeRecord, rewriteIn } from "../store/records.js";
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

/** What the sync worker or a newer version might have written: a state by somebody else. */
async function changedElsewhere(store: Store, id: string, change: Partial<RecordFields>): Promise<void> {
  await store.write(async (tx) => {
    const { row, fields } = await tx.db
      .selectFrom("records")
      .select(["row", "fields"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    await rewriteIn(tx, row, { ...(JSON.parse(fields) as RecordFields), ...change }, NURSE);
  });
}

const values = (store: Store) => look(store, "SELECT json_extract(fields, '$.value') AS value, version FROM records");

const NURSE = { by: "nurse", why: "edit", at: "2026-01-06T00:00:00.000Z" };
const idOf = (store: Store): string => look<{ id: string }>(store, "SELECT id FROM records")[0]?.id ?? "";

test("a sample that its app corrected updates the record as a local change, with both states in its history", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  const report = await take(store, exportOf("140", "mg/dL", 2));
  expect(report).toMatchObject({ state: "done", new: 0, known: 1, changed: 1, conflicts: 0, unreadable: 0 });
  expect(report.byKind).toEqual([{ kind: "glucose", new: 0, known: 1, changed: 1 }]);
  expect(values(store)).toEqual([{ value: 140, version: 2 }]);
  const states = look(store, "SELECT json_extract(fields, '$.value') AS value, by, origin FROM history ORDER BY seq");
  expect(states).toEqual([
    { value: 104, by: "healthkit", origin: "local" },
    { value: 140, by: "healthkit", origin: "local" },
  ]);
  expect(await take(store, exportOf("140", "mg/dL", 2))).toMatchObject({ known: 1, changed: 0 });
});

test("an older export that is imported after a newer one takes nothing back", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  await take(store, exportOf("140", "mg/dL", 2));
  expect(await take(store, exportOf("104", "mg/dL", 1))).toMatchObject({ known: 1, changed: 0, conflicts: 0 });
  expect(values(store)).toEqual([{ value: 140, version: 2 }]);
});

test("a note that a person wrote stays when the export corrects the value", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  await editRecord(store, idOf(store), { note: "after cake" }, NURSE);
  expect(await take(store, exportOf("140", "mg/dL", 2))).toMatchObject({ known: 1, changed: 1, conflicts: 0 });
  const [fields] = look<{ fields: string }>(store, "SELECT fields FROM records");
  expect(JSON.parse(fields?.fields ?? "")).toMatchObject({ value: 140, note: "after cake" });
});

test("a time that a person and the export both changed is a conflict, whichever side is kept then", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  await editRecord(store, idOf(store), { time: "2026-01-05T07:30:00Z" }, NURSE);
  const moved = exportOf("104", "mg/dL", 2).replaceAll("08:00:00 +0100", "08:10:00 +0100");
  expect(await take(store, moved)).toMatchObject({ known: 1, changed: 0, conflicts: 1 });
  expect(await take(store, moved)).toMatchObject({ conflicts: 1 });
  const [conflict, ...others] = (await listConflicts(store)).filter(({ field }) => field === "time");
  expect(others).toEqual([]);
  expect(conflict).toMatchObject({
    field: "time",
    base: "2026-01-05T07:00:00.000Z",
    local: "2026-01-05T07:30:00.000Z",
    remote: "2026-01-05T07:10:00.000Z",
    localBy: "nurse",
    remoteBy: "export:healthkit",
  });
  await resolveConflict(store, conflict?.id ?? "", "remote", NURSE);
  expect(look(store, "SELECT time FROM records")).toEqual([{ time: "2026-01-05T07:10:00.000Z" }]);
});

test("a value that the cloud changed and the export changed otherwise is a conflict that may be resolved either way", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  await changedElsewhere(store, idOf(store), { value: 111 });
  expect(await take(store, exportOf("140", "mg/dL", 2))).toMatchObject({ changed: 0, conflicts: 1 });
  expect(values(store)).toEqual([{ value: 111, version: 2 }]);
  const [conflict] = await listConflicts(store);
  await resolveConflict(store, conflict?.id ?? "", "remote", NURSE);
  expect(values(store)).toEqual([{ value: 140, version: 3 }]);
});

test("where both changed it and the units differ nothing is mixed: it is kept for a person", async () => {
  const store = await tempStore();
  const metric = exportOf("7.8", "mmol&lt;180.1558800000541&gt;/L", 2);
  await take(store, exportOf("104", "mg/dL", 1));
  await changedElsewhere(store, idOf(store), { value: 111 });
  const report = await take(store, metric);
  expect(report).toMatchObject({ known: 0, changed: 0, conflicts: 0, unreadable: 1 });
  expect(report.notUnderstood.join()).toMatch(/7\.8 mmol\/L/);
  expect(values(store)).toEqual([{ value: 111, version: 2 }]);
  expect(await listConflicts(store)).toEqual([]);
  const kept = look(store, "SELECT code, CAST(raw AS TEXT) AS raw FROM quarantine") as { code: string; raw: string }[];
  expect(kept.map(({ code }) => code)).toEqual(["IMPORT_CHANGED"]);
  expect(kept[0]?.raw).toContain('value="7.8"');
  await take(store, metric);
  expect(look(store, "SELECT 1 FROM quarantine")).toHaveLength(1);
});

test("a sample that a person removed stays removed, whatever the export says now", async () => {
  const store = await tempStore();
  await take(store, exportOf("104", "mg/dL", 1));
  await removeRecord(store, idOf(store), NURSE);
  expect(await take(store, exportOf("140", "mg/dL", 2))).toMatchObject({ known: 1, changed: 0, conflicts: 0 });
  expect(look(store, "SELECT deleted FROM records")).toEqual([{ deleted: 1 }]);
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
