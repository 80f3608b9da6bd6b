import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { readAbsoluteTime } from "../shared/ieee11073/absolute-time.js";
import { float, type MderFloat, sfloat } from "../shared/ieee11073/float.js";
import { MderReader } from "../shared/ieee11073/mder.js";
import { ATTRIBUTE, CLASS, UNIT } from "../shared/ieee11073/nomenclature.js";
import { type DeviceObject, typeOf, wordAttribute } from "../shared/ieee11073/objects.js";
import type { Entry, EntryElement, Segment } from "../shared/ieee11073/segments.js";
import { testKeyOf } from "../shared/roche/test-key.js";
import { type Circumstances, type Context, circumstances, readContext } from "./contexts.js";
import { type GlucoseUnit, limitsOf, placeOf } from "./limits.js";
import { measurementStatus } from "./status.js";
import { type Measurement, measurementOf } from "./types.js";

/** What is needed to read entries: what the meter is made of, and which model it is. */
export interface Surroundings {
  readonly objects: readonly DeviceObject[];
  readonly isInstant: boolean;
  /** What other segments say about the test of that time. */
  contextsOf(time: Uint8Array): readonly Context[];
}

/** What a segment holds: results, what belongs to results of other segments, or what nobody has described. */
export function roleOf({ map }: Segment): "results" | "contexts" | "unknown" {
  const classes = new Set(map?.elements.map(({ classId }) => classId));
  if (map === null || [...classes].some((id) => id !== CLASS.numeric && id !== CLASS.enumeration)) return "unknown";
  return classes.has(CLASS.numeric) ? "results" : "contexts";
}

/**
 * The reading of an entry: one numeric element, and whatever contexts stand in the same entry or bear its time. Throws
 * FRAME_MALFORMED for whatever could change what the value means and is not understood.
 */
export function readResult(entry: Entry, surroundings: Surroundings): SourceReading {
  const numbers = entry.elements.filter(({ element }) => element.classId === CLASS.numeric);
  const [number] = numbers;
  if (number === undefined || numbers.length > 1) throw misfit("An entry does not hold one result.");
  const time = entry.time ?? number.values.get(ATTRIBUTE.timeStamp);
  if (time === undefined) throw misfit("A result has no time.");
  const deviceTime = readAbsoluteTime(time);
  const here = entry.elements.filter(({ element }) => element.classId === CLASS.enumeration);
  const own = here.map(({ element, values }) => readContext(element, values));
  const around = circumstances([...own, ...surroundings.contextsOf(time)]);
  const measurement = measuredBy(number.element, surroundings.objects);
  const { value, unit, status } = readNumber(number.element, number.values, surroundings.objects);
  const marks = measurementStatus(status, value.kind);
  const control = measurement.control || marks.control || around.control;
  const notes = [measurement.note, ...marks.notes, ...around.notes].filter((note) => note !== null);
  const amount = amountOf(value, unit, around, surroundings.isInstant);
  return {
    kind: "glucose",
    ...amount,
    testKey: testKeyOf(deviceTime, amount.asSent, unit),
    value2: null,
    control,
    meal: around.meal,
    specimen: control ? "control" : measurement.specimen,
    delivery: null,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    // Entries are counted from the oldest one that is left: the numbers move when the memory is full.
    index: null,
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: entry.raw,
  };
}

/** What the element measures, which the device's configuration must not contradict. */
function measuredBy({ type, handle }: EntryElement, objects: readonly DeviceObject[]): Measurement {
  const measurement = measurementOf(type);
  if (measurement === null) throw misfit(`A result is no glucose (${type.partition}:${type.code}).`);
  const object = objects.find((one) => one.handle === handle);
  const declared = object === undefined ? null : typeOf(object);
  const other = declared === null ? null : measurementOf(declared);
  if (declared !== null && (other === null || other.control !== measurement.control)) {
    throw misfit("The meter calls the same results by two names.");
  }
  return measurement;
}

/** The number of a result, its unit and its status word; attributes that nobody has described are not passed over. */
function readNumber(
  { handle }: EntryElement,
  values: ReadonlyMap<number, Uint8Array>,
  objects: readonly DeviceObject[],
): { value: MderFloat; unit: GlucoseUnit; status: number } {
  let value: MderFloat | null = null;
  let status = 0;
  const object = objects.find((one) => one.handle === handle);
  let unitCode = object === undefined ? null : wordAttribute(object.attributes, ATTRIBUTE.unit);
  const isStated = object?.attributes.has(ATTRIBUTE.unit) === true;
  for (const [id, bytes] of values) {
    const reader = new MderReader(bytes, "A result");
    if (id === ATTRIBUTE.measurementStatus) status = reader.u16();
    else if (id === ATTRIBUTE.timeStamp) reader.bytes(reader.left);
    else if (value !== null) throw misfit("A result holds two numbers.");
    else if (id === ATTRIBUTE.numericBasic) value = sfloat(reader.u16());
    else if (id === ATTRIBUTE.numericSimple) value = float(reader.u32());
    else if (id === ATTRIBUTE.numericValue) {
      reader.u16();
      status |= reader.u16();
      unitCode = reader.u16();
      value = float(reader.u32());
    } else throw misfit(`A result holds what nobody has described (attribute ${id}).`);
    reader.end();
  }
  if (value === null) throw misfit("A result holds no number.");
  return { value, unit: unitOf(unitCode, isStated, value), status };
}

/**
 * The unit that the meter states. Where it states none, a whole number without exponent is mg/dL (sheet a: always); no
 * number in mmol/L is sent so, and any other one is not to be guessed at.
 */
function unitOf(code: number | null, isStated: boolean, value: MderFloat): GlucoseUnit {
  if (code === UNIT.mgPerDl) return "mg/dL";
  if (code === UNIT.mmolPerL) return "mmol/L";
  const isPlain = value.kind !== "number" || (value.exponent === 0 && value.mantissa >= 10);
  if (code !== null || isStated || !isPlain) throw misfit("A result has a unit that nobody has described, or none.");
  return "mg/dL";
}

function amountOf(
  value: MderFloat,
  unit: GlucoseUnit,
  { outOfRange: marked }: Circumstances,
  isInstant: boolean,
): Pick<SourceReading, "value" | "unit" | "outOfRange" | "asSent"> {
  const limits = limitsOf(isInstant, unit);
  const [place, asSent] = spotOf(value, unit);
  if (marked !== null && marked !== place) throw misfit("A result and the meter's mark for it contradict each other.");
  if (place !== "within") return { value: limits[place], unit, outOfRange: place, asSent };
  return { value: value.kind === "number" ? value.value : null, unit, outOfRange: null, asSent };
}

/** Where a value lies, and its text: a number as a decimal, HI or LO. */
function spotOf(value: MderFloat, unit: GlucoseUnit): readonly ["low" | "high" | "within", string] {
  if (value.kind === "above") return ["high", "HI"];
  if (value.kind === "below") return ["low", "LO"];
  const number = value.kind === "number" ? value.value : Number.NaN;
  const place = placeOf(number, unit);
  if (place === null) throw misfit("A result is no number, or none that is glucose a meter can measure.");
  return [place, String(number)];
}

function misfit(what: string): Problem {
  return new Problem("FRAME_MALFORMED", what);
}
