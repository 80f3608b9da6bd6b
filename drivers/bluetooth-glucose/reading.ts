import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Specimen } from "../../src/domain/record.js";
import { concat } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { testKeyOf } from "../shared/roche/test-key.js";
import { amountOf, ketoneOf } from "./amount.js";
import { type Circumstances, circumstancesOf } from "./circumstances.js";
import type { Context } from "./context.js";
import type { Measurement } from "./measurement.js";
import type { Row } from "./rows.js";
import { statusNotes } from "./status.js";

/** A measurement or a context, and its bytes as they came. */
export interface Told<T> {
  readonly told: T;
  readonly raw: Uint8Array;
}

/** Type, low nibble: what was tested (both sheets). Arterial blood and fluids of an unknown place have no term here. */
const SPECIMENS: readonly (Specimen | null)[] = [
  null,
  "capillary",
  "capillary",
  "venous",
  "venous",
  null,
  null,
  null,
  null,
  "interstitial",
  "control",
];
const TYPE_NOTES: readonly (string | undefined)[] = ["Sample type 0"];
const ARTERIAL: ReadonlySet<number> = new Set([5, 6]);
const CONTROL_TYPE = 10;
const CONTROL_LOCATION = 4;
/** Finger (1) and "not available" (15) are not worth a word. */
const LOCATIONS: ReadonlyMap<number, string | null> = new Map([
  [1, null],
  [2, "Alternate site"],
  [3, "Earlobe"],
  [CONTROL_LOCATION, null],
  [5, "Subcutaneous tissue"],
  // Only where the nibbles are exchanged: control solution.
  [CONTROL_TYPE, null],
  [15, null],
]);

/**
 * What a measurement and its context tell: the test, and the carbohydrates where the context counts some. Throws
 * FRAME_MALFORMED for whatever could change what the value means and is not understood, and for a context that was announced
 * and did not come, of a meter that marks ketone there.
 */
export function readingsOf(measurement: Told<Measurement>, context: Told<Context> | null, row: Row): SourceReading[] {
  const { concentration, status, time, contextFollows, monthMended } = measurement.told;
  if (concentration === null) throw misfit("A record holds no value.");
  const { type, location } = concentration;
  if (type > CONTROL_TYPE) throw misfit(`A record is of a fluid that nobody has described (type ${type}).`);
  // One of these would do; peers and meters are known to exchange the nibbles.
  const control = type === CONTROL_TYPE || location === CONTROL_TYPE || location === CONTROL_LOCATION;
  const around = context === null ? null : circumstancesOf(context.told);
  if (contextFollows && around === null && row.marksKetone) {
    throw misfit("What belongs to a record did not come: it may be of ketone.");
  }
  const isKetone = around?.ketone === true;
  if (isKetone && !row.marksKetone) throw misfit("A record is marked as only another maker's ketone is.");
  const amount = isKetone ? ketoneOf(concentration, status ?? 0) : amountOf(concentration, status ?? 0, row);
  const raw = context === null ? measurement.raw : concat([measurement.raw, context.raw]);
  const notes = [
    ...(TYPE_NOTES[type] === undefined ? [] : [TYPE_NOTES[type]]),
    ...(ARTERIAL.has(type) ? ["Arterial blood"] : []),
    ...placeNotes(location),
    ...statusNotes(status ?? 0),
    ...(around?.notes ?? []),
    ...(monthMended ? ["The meter sent month 13; read as January"] : []),
  ];
  const reading = meterReading({
    ...amount,
    kind: isKetone ? "ketone" : "glucose",
    control,
    meal: around?.meal ?? null,
    specimen: control ? "control" : (SPECIMENS[type] ?? null),
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime: time,
    raw,
    ...(row.hasTwin ? { testKey: testKeyOf(time, amount.asSent, amount.unit ?? "") } : {}),
  });
  return [reading, ...carbsOf(around, time, raw)];
}

function placeNotes(location: number): string[] {
  const known = LOCATIONS.get(location);
  if (known === undefined) return [`Sample location ${location}`];
  return known === null ? [] : [known];
}

/** Carbohydrates have the time of their test: both notices are their bytes. */
function carbsOf(around: Circumstances | null, deviceTime: string, raw: Uint8Array): SourceReading[] {
  if (around === null || around.carbs === null) return [];
  const { grams, what } = around.carbs;
  return [
    meterReading({
      kind: "carbs",
      value: grams,
      unit: "g",
      outOfRange: null,
      control: false,
      meal: null,
      note: what,
      deviceTime,
      asSent: String(grams),
      raw,
    }),
  ];
}

function misfit(what: string): Problem {
  return new Problem("FRAME_MALFORMED", what);
}
