import { Problem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";
import { DATE_TIME_BYTES, readDateTime } from "../shared/gatt/date-time.js";
import { CRC_BYTES, checked } from "./crc.js";

/** What a CGM says about itself (CGM Service, "CGM Feature"). */
export interface Feature {
  /** Whether its values carry a check; null if it does not say: then a value's length tells. */
  readonly hasCrc: boolean | null;
  /** What is measured, the lower four bits: 9 is interstitial fluid, 10 control solution; null if it does not say. */
  readonly type: number | null;
  /** Where, the upper four bits: 4 is control solution, 5 subcutaneous tissue; null if it does not say. */
  readonly location: number | null;
}

/** Of a CGM that does not say anything about itself. */
export const UNKNOWN_FEATURE: Feature = { hasCrc: null, type: null, location: null };

/** Three bytes of features, one of type and location, and the check, or any two bytes where there is none. */
const FEATURE_BYTES = 6;
/** Bit 12 of the features: values carry a check. */
const HAS_CRC = { byte: 1, bit: 0x10 } as const;
/** The session's start: a Date Time, time zone, offset of daylight saving (CGM Service, "CGM Session Start Time"). */
const START_BYTES = DATE_TIME_BYTES + 2;
/** Minutes since the start in two bytes, and three bytes of status (CGM Service, "CGM Status"). */
const STATUS_BYTES = 5;
/** Bit 0 of the status: the session has stopped, and the minutes may stand still. */
const STOPPED = 0x01;

/** The features. Throws FRAME_TRUNCATED, FRAME_MALFORMED and FRAME_CHECKSUM for bytes that are none. */
export function readFeature(bytes: Uint8Array): Feature {
  demandLength(bytes, FEATURE_BYTES, "The feature value");
  const hasCrc = ((bytes[HAS_CRC.byte] ?? 0) & HAS_CRC.bit) !== 0;
  if (hasCrc) checked(bytes);
  const kinds = bytes[3] ?? 0;
  return { hasCrc, type: kinds & 0x0f, location: kinds >>> 4 };
}

/**
 * When the session began, by the wall clock of whoever told the CGM, `2024-05-01T08:00:00`. Zone and daylight saving stand
 * behind it and are not used (README.md). Throws FRAME_MALFORMED for a date that it does not know, FRAME_TRUNCATED and
 * FRAME_CHECKSUM.
 */
export function readStartTime(bytes: Uint8Array, hasCrc: Feature["hasCrc"]): string {
  return readDateTime(bodyOf(bytes, START_BYTES, hasCrc, "The session's start"));
}

/** Minutes since the session's start, 0 to 65535, and whether it has stopped. Throws as `readStartTime`. */
export function readStatus(bytes: Uint8Array, hasCrc: Feature["hasCrc"]): { minutes: number; stopped: boolean } {
  const [low = 0, high = 0, status = 0] = bodyOf(bytes, STATUS_BYTES, hasCrc, "The status");
  return { minutes: low | (high << 8), stopped: (status & STOPPED) !== 0 };
}

/** A value of that many bytes without its check, which it must have, may have or must not have. */
function bodyOf(bytes: Uint8Array, length: number, hasCrc: Feature["hasCrc"], what: string): Uint8Array {
  const withCrc = hasCrc ?? bytes.length === length + CRC_BYTES;
  demandLength(bytes, length + (withCrc ? CRC_BYTES : 0), what);
  return withCrc ? checked(bytes) : bytes;
}

function demandLength(bytes: Uint8Array, wanted: number, what: string): void {
  if (bytes.length === wanted) return;
  const context = { bytes: hex(bytes.subarray(0, 64)) };
  if (bytes.length < wanted) throw new Problem("FRAME_TRUNCATED", `${what} ends too early.`, context);
  throw new Problem("FRAME_MALFORMED", `${what} is longer than the service has it.`, context);
}
