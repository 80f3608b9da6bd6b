import { asProblem, Problem } from "../../src/domain/problem.js";
import { readSfloat, type Sfloat } from "../shared/gatt/sfloat.js";
import { CRC_BYTES, checked } from "./crc.js";
import type { Feature } from "./values.js";

/** One record of a measurement (CGM Service, "CGM Measurement"). */
export interface CgmRecord {
  /** Minutes since the session's start, 0 to 65535. */
  readonly minutes: number;
  /** mg/dL. */
  readonly glucose: Sfloat;
  /** The octets of the status that were sent, 0 for the others, and how many were. */
  readonly status: {
    readonly state: number;
    readonly calTemp: number;
    readonly warning: number;
    readonly sent: number;
  };
  /** mg/dL a minute; null if it was not sent. */
  readonly trend: Sfloat | null;
  /** Percent; null if it was not sent. */
  readonly quality: Sfloat | null;
  /** The record as it came, with its check. */
  readonly raw: Uint8Array;
}

/** Bytes that should be a record and are none. */
export interface Damaged {
  readonly problem: Problem;
  readonly raw: Uint8Array;
}

/** Bits of the flags, and those that nobody has described. */
const FLAG = { trend: 0x01, quality: 0x02, unknown: 0x1c, warning: 0x20, calTemp: 0x40, state: 0x80 } as const;
/** Size, flags, glucose in two bytes and minutes in two. */
const LEAST_BYTES = 6;

/** True for bytes that are no record. */
export function isDamaged(one: CgmRecord | Damaged): one is Damaged {
  return "problem" in one;
}

/**
 * The records of one notification, in their order; each begins with its size. One that is not understood does not hide the
 * next; where not even its size can be, the rest of the notification is one piece.
 */
export function recordsIn(bytes: Uint8Array, hasCrc: Feature["hasCrc"]): readonly (CgmRecord | Damaged)[] {
  const records: (CgmRecord | Damaged)[] = [];
  if (bytes.length === 0) return [{ problem: new Problem("FRAME_TRUNCATED", "A notification is empty."), raw: bytes }];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes[at] ?? 0;
    const fits = size >= LEAST_BYTES && at + size <= bytes.length;
    const raw = bytes.slice(at, fits ? at + size : bytes.length);
    records.push(fits ? recordOf(raw, hasCrc) : { problem: wrongSize(size, raw.length), raw });
    at += raw.length;
  }
  return records;
}

function recordOf(raw: Uint8Array, hasCrc: Feature["hasCrc"]): CgmRecord | Damaged {
  try {
    return readRecord(raw, hasCrc);
  } catch (error) {
    return { problem: asProblem(error), raw };
  }
}

/** A whole record, of the size that it says. Throws FRAME_MALFORMED and FRAME_CHECKSUM. */
function readRecord(raw: Uint8Array, hasCrc: Feature["hasCrc"]): CgmRecord {
  const flags = raw[1] ?? 0;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const octets = [FLAG.state, FLAG.calTemp, FLAG.warning].filter(has).length;
  const bare = LEAST_BYTES + octets + (has(FLAG.trend) ? 2 : 0) + (has(FLAG.quality) ? 2 : 0);
  const withCrc = hasCrc ?? raw.length === bare + CRC_BYTES;
  if (withCrc) checked(raw);
  if (has(FLAG.unknown))
    throw new Problem("FRAME_MALFORMED", "A record has flags that nobody has described.", { flags });
  if (raw.length !== bare + (withCrc ? CRC_BYTES : 0)) {
    throw new Problem("FRAME_MALFORMED", "A record is not as long as its flags say.", { flags, bytes: raw.length });
  }
  // Least significant octet first: of the three the state is the lowest (README.md: one maker's program has them otherwise).
  let at = LEAST_BYTES;
  const octet = (flag: number): number => (has(flag) ? (raw[at++] ?? 0) : 0);
  const status = { state: octet(FLAG.state), calTemp: octet(FLAG.calTemp), warning: octet(FLAG.warning), sent: octets };
  const trend = has(FLAG.trend) ? readSfloat(raw, at) : null;
  const quality = has(FLAG.quality) ? readSfloat(raw, at + (trend === null ? 0 : 2)) : null;
  return { minutes: (raw[4] ?? 0) | ((raw[5] ?? 0) << 8), glucose: readSfloat(raw, 2), status, trend, quality, raw };
}

function wrongSize(size: number, left: number): Problem {
  if (size < LEAST_BYTES) return new Problem("FRAME_MALFORMED", `A record says that it has ${size} bytes.`, { size });
  return new Problem("FRAME_TRUNCATED", `A record of ${size} bytes ends after ${left}.`, { size, left });
}
