import type { SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { SqlValue } from "../../src/kit/driver.js";
import { type Code, codeNote, glucoseMarks } from "../shared/google-health/glucose-marks.js";
import { ROW } from "./query.js";
import type { RecordTable } from "./tables.js";

/** One row as {@link recordQuery} gives it. */
export type Row = Readonly<Record<string, SqlValue>>;

/** Numbers, from 0, the occurrence of a sample of one name at one instant; null for the same one again. */
export type Occurrence = (name: string, instantMs: number, value: number) => number | null;

/** Why a row can't be read, one sentence's end. */
class Unfit extends Error {}

/** AOSP, MealType; 0 unknown. */
const MEAL_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "Breakfast"],
  [2, "Lunch"],
  [3, "Dinner"],
  [4, "Snack"],
]);
const NOTE_LENGTH = 1_000;
/** Largest offset of any place, seconds (ISO 8601 and Java's ZoneOffset: 18 hours). */
const MAX_OFFSET_S = 18 * 3_600;

/**
 * A row as a reading; null for one that tells nothing of its kind (a meal without carbohydrates) or the same sample
 * again. Gives an {@link Unreadable} (IMPORT_MALFORMED) where anything on which the reading rests can't be understood.
 */
export function mapRow(row: Row, record: RecordTable, occurrence: Occurrence): SourceReading | Unreadable | null {
  if (row[ROW.value] === null && record.kind === "carbs") return null;
  const raw = Buffer.from(JSON.stringify(row, plain));
  try {
    const instantMs = instant(row[ROW.time], "time");
    const value = quantity(row[ROW.value], record);
    const name = nameOf(row, record);
    let sourceKey = name;
    if (name !== null && record.samples !== null) {
      const number = occurrence(name, instantMs, value);
      if (number === null) return null;
      sourceKey = `${name} ${instantMs} ${number}`;
    }
    return reading(row, record, { instantMs, value, sourceKey, raw });
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return { code: "IMPORT_MALFORMED", detail: `A row of ${record.table} can't be read: ${error.message}.`, raw };
  }
}

function reading(
  row: Row,
  record: RecordTable,
  known: Pick<SourceReading, "instantMs" | "sourceKey" | "raw"> & {
    readonly instantMs: number;
    readonly value: number;
  },
): SourceReading {
  const endMs = row[ROW.end] === null ? known.instantMs : instant(row[ROW.end], "end");
  if (endMs < known.instantMs) throw new Unfit("it ends before it begins");
  const value2 = record.value2 === null ? null : quantity(row[ROW.value2], record);
  const marks = glucoseMarks(code(row["relation_to_meal"]), code(row["specimen_source"]));
  const notes = [
    ...marks.notes,
    codeNote(code(row["meal_type"]), MEAL_TYPES, "Meal type"),
    text(row["meal_name"]),
  ].filter((note) => note !== null);
  const manufacturer = text(row[ROW.maker]);
  const model = text(row[ROW.model]);
  return {
    kind: record.kind,
    value: known.value,
    value2,
    unit: record.unit,
    outOfRange: null,
    control: false,
    meal: marks.meal,
    specimen: marks.specimen,
    delivery: null,
    note: notes.length === 0 ? null : notes.join("; ").slice(0, NOTE_LENGTH),
    deviceTime: null,
    instantMs: known.instantMs,
    endMs: endMs > known.instantMs ? endMs : null,
    utcOffset: offset(row[ROW.offset]),
    index: null,
    asSent: `${row[ROW.value]}${value2 === null ? "" : `/${row[ROW.value2]}`} ${record.storedUnit}`,
    sourceKey: known.sourceKey,
    device: manufacturer === null && model === null ? null : { manufacturer, model, serial: null },
    sourceName: text(row[ROW.app]) ?? text(row[ROW.package]),
    raw: known.raw,
  };
}

/** An enumeration's value, stored as text ('2') in most tables. */
function code(value: SqlValue | undefined): Code {
  return typeof value === "number" || typeof value === "string" ? value : null;
}

function text(value: SqlValue | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.slice(0, NOTE_LENGTH) : null;
}

/** The longest time that a number of JavaScript can be a date of (ECMA-262, section 21.4.1.1). */
const MAX_MS = 8.64e15;

function instant(value: SqlValue | undefined, what: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > MAX_MS) {
    throw new Unfit(`its ${what} is no count of milliseconds`);
  }
  return value;
}

function quantity(stored: SqlValue | undefined, record: RecordTable): number {
  if (typeof stored !== "number" || !Number.isFinite(stored)) throw new Unfit(`its ${record.kind} is no number`);
  if (stored < 0 || (stored === 0 && !record.zero)) throw new Unfit(`${record.kind} can't be ${stored}`);
  if (stored > record.max) throw new Unfit(`no ${record.kind} is ${stored} ${record.storedUnit}`);
  return stored / record.perUnit;
}

/** Seconds as stored; minutes east. Null where it is not said, or is no offset in whole minutes. */
function offset(value: SqlValue | undefined): number | null {
  if (typeof value !== "number" || !Number.isInteger(value / 60) || Math.abs(value) > MAX_OFFSET_S) return null;
  return value / 60;
}

/**
 * The name of a record in every export of it: the writing app's own where it gave one (Health Connect keeps one record of
 * each, whatever its version), else Health Connect's. Null if it has none of both.
 */
function nameOf(row: Row, record: RecordTable): string | null {
  const [app, client, uuid] = [row[ROW.package], row[ROW.clientId], row[ROW.uuid]];
  if (typeof app === "string" && typeof client === "string" && client !== "") {
    return JSON.stringify(["client", record.table, app, client]);
  }
  // Before version 9 of the schema it was text.
  const hex = uuid instanceof Uint8Array ? Buffer.from(uuid).toString("hex") : String(uuid ?? "").replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(hex) ? JSON.stringify(["uuid", hex.toLowerCase()]) : null;
}

function plain(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  // Buffers have been made plain objects by the time they come here.
  const bytes = value as { readonly type?: unknown; readonly data?: unknown } | null;
  if (typeof bytes === "object" && bytes !== null && bytes.type === "Buffer" && Array.isArray(bytes.data)) {
    return Buffer.from(bytes.data).toString("hex");
  }
  return value;
}
