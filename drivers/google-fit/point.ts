import type { ExportReading } from "../shared/export/reading.js";
import { Unfit } from "../shared/export/unfit.js";
import { type Code, codeNote, glucoseMarks } from "../shared/google-health/glucose-marks.js";
import type { JsonElement } from "../shared/json/reader.js";
import {
  JsonNumber,
  type JsonObject,
  type JsonValue,
  jsonArray,
  jsonNumber,
  jsonObject,
  jsonText,
  jsonWhole,
} from "../shared/json/value.js";
import { readStream, type StreamName } from "./stream.js";
import { FIT_TYPES, type FitType } from "./types.js";

/** One point as its stream has it. */
export interface FitPoint {
  /** Name of its data type, also of one that is not read. */
  readonly type: string;
  /** Null for a type that is not read. */
  readonly known: FitType | null;
  /** The stream that it was measured for: its own where it says so, else the one that it stands in. */
  readonly origin: string;
  readonly raw: Uint8Array;
  readonly object: JsonObject;
}

/** A point's name within all exports, its content, and its reading. */
export interface FitReading {
  readonly name: readonly (string | number)[];
  readonly content: string;
  readonly reading: ExportReading;
}

/** Google Fit's blood glucose fields behind the level (developers.google.com/fit/datatypes/health), by their places. */
const [RELATION, MEAL_TYPE, SLEEP, SPECIMEN] = [1, 2, 3, 4];
/** 1 is unknown, as 0 is not set. */
const MEAL_TYPES: ReadonlyMap<number, string> = new Map([
  [2, "Breakfast"],
  [3, "Lunch"],
  [4, "Dinner"],
  [5, "Snack"],
]);
const SLEEPS: ReadonlyMap<number, string> = new Map([
  [1, "Fully awake"],
  [2, "Before sleep"],
  [3, "On waking"],
  [4, "During sleep"],
]);
const NS_PER_MS = 1_000_000n;
/** The longest time that a date of JavaScript can have (ECMA-262, section 21.4.1.1). */
const MAX_MS = 8_640_000_000_000_000n;

/** What a point is about. Throws Unfit if it is no point. */
export function readPoint({ value, raw, fault }: JsonElement, stream: StreamName | null): FitPoint {
  if (fault !== null) throw new Unfit(fault);
  const object = jsonObject(value);
  if (object === null) throw new Unfit("it is no object");
  const type = jsonText(object.get("dataTypeName")) ?? stream?.type;
  if (type === undefined) throw new Unfit("it has no dataTypeName");
  const said = jsonText(object.get("originDataSourceId")) ?? "";
  return { type, known: FIT_TYPES.get(type) ?? null, origin: said === "" ? (stream?.id ?? "") : said, raw, object };
}

/** The point as a reading: value, unit and instant as sent. Throws Unfit where anything that it rests on is missing. */
export function readingOf({ type, origin, raw, object }: FitPoint, known: FitType): FitReading {
  const values = jsonArray(object.get("fitValue") ?? object.get("value"));
  if (values === null) throw new Unfit("it has no values");
  const value = amount(values[known.value], known);
  const value2 = known.value2 === null ? null : amount(values[known.value2], known);
  if (value2 !== null && value2.number >= value.number) throw new Unfit("its two pressures are the wrong way round");
  const endMs = instant(object.get("endTimeNanos"), "endTimeNanos");
  // A point of an instant may leave its start out, or have 0 there.
  const start = object.get("startTimeNanos");
  const startMs = start === undefined || jsonWhole(start) === 0n ? endMs : instant(start, "startTimeNanos");
  if (endMs < startMs) throw new Unfit("it ends before it begins");
  const stream = readStream(origin);
  const marks = known.kind === "glucose" ? glucose(values) : null;
  return {
    name: [origin, type, startMs, endMs],
    content: `${value.number} ${value2?.number ?? ""}`,
    reading: {
      kind: known.kind,
      value: value.number,
      value2: value2?.number ?? null,
      unit: known.unit,
      ...marks,
      instantMs: startMs,
      endMs: endMs > startMs ? endMs : null,
      asSent: `${value.text}${value2 === null ? "" : `/${value2.text}`} ${known.unit}`,
      device: stream?.device ? { ...stream.device, serial: null } : null,
      sourceName: stream?.app ?? null,
      raw,
    },
  };
}

function glucose(values: readonly JsonValue[]): Pick<ExportReading, "meal" | "specimen" | "note"> {
  const { meal, specimen, notes } = glucoseMarks(code(values[RELATION]), code(values[SPECIMEN]));
  const type = code(values[MEAL_TYPE]);
  const all = [
    ...notes,
    type === 1 ? null : codeNote(type, MEAL_TYPES, "Meal type"),
    codeNote(code(values[SLEEP]), SLEEPS, "Relation to sleep"),
  ].filter((note) => note !== null);
  return { meal, specimen, note: all.length === 0 ? null : all.join("; ") };
}

/** Takeout puts each value into an object of its own, `{"value": {"fpVal": 5.5}}`; the web service and one writer don't. */
function field(item: JsonValue | undefined): JsonObject | null {
  const object = jsonObject(item);
  return jsonObject(object?.get("value")) ?? object;
}

function amount(item: JsonValue | undefined, { kind, unit, max }: FitType): { number: number; text: string } {
  const value = field(item);
  const written = value?.get("fpVal") ?? value?.get("intVal");
  const number = jsonNumber(written) ?? wholeText(written);
  if (number === null) throw new Unfit(`its ${kind} is no number`);
  if (number < 0 || (number === 0 && kind !== "steps") || number > max)
    throw new Unfit(`no ${kind} is ${number} ${unit}`);
  return { number, text: written instanceof JsonNumber ? written.text : String(written) };
}

/** Whole numbers may be text, as 64 bits are in the web service's answers. */
function wholeText(value: JsonValue | undefined): number | null {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

/** An optional field: null where its place is empty or missing. */
function code(item: JsonValue | undefined): Code {
  const value = field(item);
  const written = value?.get("intVal") ?? value?.get("stringVal");
  return written instanceof JsonNumber ? (jsonNumber(written) ?? written.text) : jsonText(written);
}

/** The nearest millisecond of a count of nanoseconds since the Unix epoch. */
function instant(value: JsonValue | undefined, what: string): number {
  const nanos = jsonWhole(value);
  if (nanos === null) throw new Unfit(`its ${what} is no count of nanoseconds`);
  const ms = (nanos + (nanos < 0n ? -NS_PER_MS : NS_PER_MS) / 2n) / NS_PER_MS;
  if (ms > MAX_MS || ms < -MAX_MS) throw new Unfit(`its ${what} is no time`);
  return Number(ms);
}
