import { Problem } from "../../src/domain/problem.js";
import { DATE_TIME_BYTES, minutesLater, readDateTime } from "../shared/gatt/date-time.js";
import { readSfloat, type Sfloat } from "../shared/gatt/sfloat.js";

/** A Glucose Measurement (2a18) as sent. */
export interface Measurement {
  readonly sequence: number;
  /** Wall time that only the meter's maker sets; with the sequence number it names the record. */
  readonly baseTime: string;
  /** Minutes by which a person has moved the clock since; null where none is sent. */
  readonly offsetMinutes: number | null;
  /** What the meter shows: base time plus offset. */
  readonly time: string;
  /** True where the base time came with a thirteenth month (i-SENS). */
  readonly monthMended: boolean;
  /** Null for a record without a value. */
  readonly concentration: {
    readonly amount: Sfloat;
    readonly unit: "kg/L" | "mol/L";
    /** Kind of fluid, 0 to 15: the LOW nibble. */
    readonly type: number;
    /** Place of the sample, 0 to 15: the HIGH nibble. */
    readonly location: number;
  } | null;
  /** Sensor status annunciation, 16 bits; null where none is sent. */
  readonly status: number | null;
  /** True where the meter says that a context belongs to it. */
  readonly contextFollows: boolean;
}

/** Flags (both sheets). */
const FLAG = { offset: 0x01, concentration: 0x02, molar: 0x04, status: 0x08, context: 0x10 } as const;
const KNOWN_FLAGS = 0x1f;
/** Flags, sequence number, base time. */
const HEAD_BYTES = 3 + DATE_TIME_BYTES;
/** The month that i-SENS meters send for January when they take the offset away (both sheets). */
const THIRTEENTH = 13;
const MONTH_AT = 5;
/** Offsets that are no number of minutes: the real one is greater than the field holds, either way. */
const OVERRUN: ReadonlySet<number> = new Set([0x7fff, -0x8000]);

/** What a record is known by, also where the rest can't be read. */
export interface RecordName {
  readonly sequence: number;
  /** Base time; null where it is no date. */
  readonly baseTime: string | null;
}

/**
 * A measurement out of its bytes. Throws FRAME_TRUNCATED for fewer bytes than its flags announce, and FRAME_MALFORMED for
 * flags that nobody has described, a date that does not exist, an offset beyond its field, and bytes behind the end that are
 * not zero.
 *
 * @param mendMonth whether month 13 is January, as from meters of i-SENS
 */
export function readMeasurement(bytes: Uint8Array, mendMonth = false): Measurement {
  const [flags = 0] = bytes;
  if ((flags & ~KNOWN_FLAGS) !== 0) throw malformed("has flags that nobody has described");
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const needed =
    HEAD_BYTES + (has(FLAG.offset) ? 2 : 0) + (has(FLAG.concentration) ? 3 : 0) + (has(FLAG.status) ? 2 : 0);
  if (bytes.length < needed) {
    throw new Problem("FRAME_TRUNCATED", "A measurement is cut short.", { bytes: bytes.length, needed });
  }
  if (bytes.subarray(needed).some((byte) => byte !== 0)) throw malformed("goes on after its end");
  const monthMended = mendMonth && bytes[MONTH_AT] === THIRTEENTH;
  const baseTime = readDateTime(monthMended ? withJanuary(bytes) : bytes, 3);
  let at = HEAD_BYTES;
  const word = (): number => {
    at += 2;
    return (bytes[at - 2] ?? 0) | ((bytes[at - 1] ?? 0) << 8);
  };
  const offsetMinutes = has(FLAG.offset) ? (word() << 16) >> 16 : null;
  if (offsetMinutes !== null && OVERRUN.has(offsetMinutes)) throw malformed("has a time offset beyond what fits");
  let concentration: Measurement["concentration"] = null;
  if (has(FLAG.concentration)) {
    const amount = readSfloat(bytes, at);
    const place = bytes[at + 2] ?? 0;
    at += 3;
    const unit = has(FLAG.molar) ? "mol/L" : "kg/L";
    concentration = { amount, unit, type: place & 0x0f, location: place >>> 4 };
  }
  const status = has(FLAG.status) ? word() : null;
  const time = minutesLater(baseTime, offsetMinutes ?? 0);
  const contextFollows = has(FLAG.context);
  return { ...readName(bytes), baseTime, offsetMinutes, time, monthMended, concentration, status, contextFollows };
}

/** The name of a record whose first ten bytes stand; null for fewer. */
export function recordName(bytes: Uint8Array, mendMonth = false): RecordName | null {
  if (bytes.length < HEAD_BYTES) return null;
  const { sequence } = readName(bytes);
  const mended = mendMonth && bytes[MONTH_AT] === THIRTEENTH ? withJanuary(bytes) : bytes;
  try {
    return { sequence, baseTime: readDateTime(mended, 3) };
  } catch {
    return { sequence, baseTime: null };
  }
}

/** The sequence number, which has no sign (one peer reads one). */
function readName(bytes: Uint8Array): { readonly sequence: number } {
  return { sequence: (bytes[1] ?? 0) | ((bytes[2] ?? 0) << 8) };
}

function withJanuary(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[MONTH_AT] = 1;
  return copy;
}

function malformed(how: string): Problem {
  return new Problem("FRAME_MALFORMED", `A measurement ${how}.`);
}
