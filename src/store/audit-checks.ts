import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { recordFaults } from "../domain/validate.js";

/** What was looked at, and what is wrong with it. */
export interface StoreAudit {
  /** A sentence for each fault, the first `MOST_TOLD`; none in a sound store. */
  readonly faults: readonly string[];
  /** How many faults there are. */
  readonly found: number;
  readonly counts: {
    readonly records: number;
    readonly history: number;
    readonly conflicts: number;
    readonly captures: number;
    readonly quarantine: number;
  };
  /** Tables, indexes, triggers and grants (the store's rules) that are as they should be. */
  readonly schemaObjects: number;
  /** How many migrations the store has. */
  readonly schemaVersion: number;
}

/** How many faults an audit tells in words. */
export const MOST_TOLD = 100;

/** The tables that an audit counts. */
export const COUNTED = ["records", "history", "conflicts", "captures", "quarantine"] as const;

/** What an audit found wrong so far. */
export class Faults {
  readonly told: string[] = [];
  found = 0;

  /** Adds a fault, in words while there are few. */
  add(sentence: string): void {
    this.found += 1;
    if (this.told.length < MOST_TOLD) this.told.push(sentence);
  }
}

/** The audit's outcome; a table without a count has none that could be read. */
export function auditReport(
  { told, found }: Faults,
  counts: Readonly<Partial<StoreAudit["counts"]>>,
  schemaObjects: number,
  schemaVersion: number,
): StoreAudit {
  const { records = 0, history = 0, conflicts = 0, captures = 0, quarantine = 0 } = counts;
  return {
    faults: told,
    found,
    counts: { records, history, conflicts, captures, quarantine },
    schemaObjects,
    schemaVersion,
  };
}

/** Compares what there is, by name, with what the store's migrations make; how many are as they should be. */
export function compareSchema(
  wanted: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
  faults: Faults,
): number {
  let sound = 0;
  for (const [name, definition] of wanted) {
    const there = found.get(name);
    if (there === definition) sound += 1;
    else faults.add(`the ${name} ${there === undefined ? "is missing" : "is not as it should be"}`);
  }
  for (const name of found.keys()) if (!wanted.has(name)) faults.add(`the ${name} does not belong here`);
  return sound;
}

/** A record beside the newest state in its history that is its own (not the cloud's side of a merge). */
export interface RecordAndState {
  readonly id: string;
  readonly kind: string;
  readonly deleted: number;
  readonly fields: string;
  readonly version: number;
  readonly stateDeleted: number | null;
  readonly stateFields: string | null;
  readonly stateVersion: number | null;
}

/** The record is valid, and what the newest state in its history says. */
export function checkRecord(row: RecordAndState, faults: Faults): void {
  const fields = parseObject(row.fields);
  if (fields === null) faults.add(`record ${row.id}: its fields are no JSON object`);
  else for (const fault of recordFaults(row.id, row.kind, fields)) faults.add(`record ${row.id}: ${fault}`);
  if (row.stateFields === null) faults.add(`record ${row.id} has no history`);
  else if (row.stateFields !== row.fields || row.stateDeleted !== row.deleted || row.stateVersion !== row.version)
    faults.add(`record ${row.id} is not what the newest state in its history says`);
}

/** A capture, as far as it can be checked by itself. */
export interface CaptureRow {
  readonly id: string;
  readonly device: string;
  readonly records: string;
  readonly counts: string;
  readonly sha256: string | null;
  readonly bytes: Uint8Array | null;
}

/** The capture's JSON can be read, and its bytes are those that were kept. */
export function checkCapture({ id, device, records, counts, sha256, bytes }: CaptureRow, faults: Faults): void {
  if ([device, records, counts].some((text) => parseObject(text) === null))
    faults.add(`capture ${id}: what it says of its session is no JSON`);
  if (bytes !== null && digestOf(bytes) !== sha256) faults.add(`capture ${id}: its bytes are not those that were kept`);
}

function digestOf(gzipped: Uint8Array): string | null {
  try {
    return createHash("sha256").update(gunzipSync(gzipped)).digest("hex");
  } catch {
    return null;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
