import { closeSync, openSync, readSync } from "node:fs";
import { healthkit } from "../../drivers/healthkit/index.js";
import { createRecordParser } from "../../drivers/healthkit/record.js";
import { Scanner } from "../../drivers/healthkit/scanner.js";
import { typeTable } from "../../drivers/healthkit/types.js";
import type { Kind } from "../../src/domain/record.js";
import { importFile } from "../../src/ingest/import-file.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { Store } from "../../src/store/store.js";

/**
 * One measurement in a process of its own; prints one line, as the peers do: "records metadata sum milliseconds", and the
 * most memory that it was ever resident with, bytes.
 *
 *     read FILE               nothing but reading it, a mebibyte at a time, into the same memory
 *     scan FILE               its glucose, every attribute that matters
 *     import FILE KIND STORE  into a new store; KIND is a kind of record, or all
 */
const [, , mode = "", path = "", kind = "all", storePath = ""] = process.argv;

if (mode === "import") await importInto();
else scan(mode === "scan");

function scan(wanted: boolean): void {
  const parser = createRecordParser();
  let [records, metadata, sum] = [0, 0, 0];
  const scanner = new Scanner(typeTable(new Set<Kind>(["glucose"])), {
    record(element, sample) {
      records += 1;
      metadata += element.entries;
      sum += parser.record(element, sample).value;
    },
    pressure() {},
  });
  const file = openSync(path, "r");
  const bytes = Buffer.alloc(1 << 20);
  const from = performance.now();
  for (let got = readSync(file, bytes); got > 0; got = readSync(file, bytes)) {
    if (wanted) scanner.push(bytes.subarray(0, got));
  }
  if (wanted) scanner.end();
  print(records, metadata, sum, performance.now() - from);
  closeSync(file);
}

async function importInto(): Promise<void> {
  const store = await Store.open({ path: storePath, role: "local" });
  const from = performance.now();
  const report = await importFile({
    file: path,
    drivers: [healthkit],
    store,
    clock: systemClock,
    ownerOf: () => ({ patient: "anna", zone: "Europe/Berlin" }),
    kinds: kind === "all" ? null : new Set([kind as Kind]),
    signal: new AbortController().signal,
  });
  const ms = performance.now() - from;
  await store.close();
  if (report.outcome !== "done") throw new Error(`the import ended with ${report.outcome}`);
  print(report.new, report.unreadable, 0, ms);
}

function print(records: number, metadata: number, sum: number, ms: number): void {
  const residentBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${records} ${metadata} ${sum} ${ms.toFixed(3)} ${residentBytes}\n`);
}
