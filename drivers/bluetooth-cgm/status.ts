import { Problem } from "../../src/domain/problem.js";
import type { CgmRecord } from "./record.js";

/** What the bits mean, in our words (CGM Service, "Sensor Status Annunciation"); null for those that are a mark. */
const STATE: readonly (string | null | undefined)[] = [
  "Session stopped",
  "Battery low",
  "Wrong type of sensor",
  "Sensor malfunction",
  "Alert of the device",
  "Device fault",
];
const CAL_TEMP: readonly (string | null | undefined)[] = [
  "Time not synchronised",
  "Calibration not allowed",
  "Calibration recommended",
  "Calibration required",
  "Sensor too warm",
  "Sensor too cold",
  // Not in the service's first versions; a public program has it.
  "Calibration pending",
];
const WARNING: readonly (string | null | undefined)[] = [
  "Below the patient's low level",
  "Above the patient's high level",
  "Below the hypo level",
  "Above the hyper level",
  "Falls too fast",
  "Rises too fast",
  null,
  null,
];
/** Bits of the warnings: the result is lower, or higher, than the device can process. */
const TOO_LOW = 0x40;
const TOO_HIGH = 0x80;
/** Bits of the state that no version of the service has. */
const STATE_RESERVED = 0xc0;

/** What the status says of a record, for people. */
export function statusNotes({ state, calTemp, warning }: CgmRecord["status"]): string[] {
  return [
    ...notesOf(state, STATE, "Status"),
    ...notesOf(calTemp, CAL_TEMP, "Calibration"),
    ...notesOf(warning, WARNING, "Warning"),
  ];
}

/**
 * Whether the device says that the result is beyond what it can process. Throws FRAME_MALFORMED where it says both, and
 * where several octets were sent whose order is in doubt: of programs that send them the other way round, the marks for
 * beyond stand where no version of the service has a bit.
 */
export function markOf({ state, warning, sent }: CgmRecord["status"]): "low" | "high" | null {
  if (sent > 1 && (state & STATE_RESERVED) !== 0) {
    throw new Problem("FRAME_MALFORMED", "A record's status has bits that nobody has described.", { state });
  }
  const [low, high] = [(warning & TOO_LOW) !== 0, (warning & TOO_HIGH) !== 0];
  if (low && high) throw new Problem("FRAME_MALFORMED", "A record is marked as too low and as too high.", { warning });
  return low ? "low" : high ? "high" : null;
}

function notesOf(octet: number, meanings: readonly (string | null | undefined)[], name: string): string[] {
  return Array.from({ length: 8 }, (_, bit) => bit).flatMap((bit) => {
    if ((octet & (1 << bit)) === 0 || meanings[bit] === null) return [];
    return [meanings[bit] ?? `${name} bit ${bit}`];
  });
}
