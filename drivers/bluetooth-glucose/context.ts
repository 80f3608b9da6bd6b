import { Problem } from "../../src/domain/problem.js";
import { readSfloat, type Sfloat } from "../shared/gatt/sfloat.js";

/** A Glucose Measurement Context (2a34) as sent; null for each part that it does not have. */
export interface Context {
  /** That of its measurement. */
  readonly sequence: number;
  /** A byte of flags that nobody has described. */
  readonly extended: number | null;
  /** What was eaten (1 breakfast and so on), and how much, kg. */
  readonly carbohydrate: { readonly id: number; readonly kilograms: Sfloat } | null;
  /** 1 before, 2 after, 3 fasting, 4 casual, 5 bedtime; 6 of i-SENS: the measurement is of ketone. */
  readonly meal: number | null;
  /** Who tested, low nibble. */
  readonly tester: number | null;
  /** How they were, high nibble. */
  readonly health: number | null;
  /** Seconds (65,535: more than fit) and percent of full effort. */
  readonly exercise: { readonly seconds: number; readonly percent: number } | null;
  readonly medication: { readonly id: number; readonly amount: Sfloat; readonly unit: "kg" | "L" } | null;
  /** HbA1c, percent. */
  readonly hba1c: Sfloat | null;
}

/** Flags (both sheets): in the order of the parts, but for `litre`, which is a unit, and `extended`, which comes first. */
const FLAG = {
  carbohydrate: 0x01,
  meal: 0x02,
  person: 0x04,
  exercise: 0x08,
  medication: 0x10,
  litre: 0x20,
  hba1c: 0x40,
  extended: 0x80,
} as const;

/** Bytes of each part. Carbohydrates have three: one peer goes on after two, and reads all that follows wrong. */
const PART_BYTES = [
  [FLAG.extended, 1],
  [FLAG.carbohydrate, 3],
  [FLAG.meal, 1],
  [FLAG.person, 1],
  [FLAG.exercise, 3],
  [FLAG.medication, 3],
  [FLAG.hba1c, 2],
] as const;
const HEAD_BYTES = 3;

/**
 * A context out of its bytes. Throws FRAME_TRUNCATED for fewer bytes than its flags announce, and FRAME_MALFORMED for bytes
 * behind the end that are not zero.
 */
export function readContext(bytes: Uint8Array): Context {
  const [flags = 0, low = 0, high = 0] = bytes;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const needed = HEAD_BYTES + PART_BYTES.reduce((sum, [flag, count]) => sum + (has(flag) ? count : 0), 0);
  if (bytes.length < needed) {
    throw new Problem("FRAME_TRUNCATED", "A context is cut short.", { bytes: bytes.length, needed });
  }
  if (bytes.subarray(needed).some((byte) => byte !== 0)) {
    throw new Problem("FRAME_MALFORMED", "A context goes on after its end.");
  }
  let at = HEAD_BYTES;
  const u8 = (): number => {
    at += 1;
    return bytes[at - 1] ?? 0;
  };
  const number = (): Sfloat => {
    at += 2;
    return readSfloat(bytes, at - 2);
  };
  const extended = has(FLAG.extended) ? u8() : null;
  const carbohydrate = has(FLAG.carbohydrate) ? { id: u8(), kilograms: number() } : null;
  const meal = has(FLAG.meal) ? u8() : null;
  const person = has(FLAG.person) ? u8() : null;
  const exercise = has(FLAG.exercise) ? { seconds: u8() | (u8() << 8), percent: u8() } : null;
  const unit = has(FLAG.litre) ? "L" : "kg";
  const medication = has(FLAG.medication) ? ({ id: u8(), amount: number(), unit } as const) : null;
  const hba1c = has(FLAG.hba1c) ? number() : null;
  const tester = person === null ? null : person & 0x0f;
  const health = person === null ? null : person >>> 4;
  return { sequence: low | (high << 8), extended, carbohydrate, meal, tester, health, exercise, medication, hba1c };
}
