import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { hex } from "../../src/kit/bytes.js";
import { NO_TIME, wallOf } from "./clock.js";
import { u32 } from "./packet.js";

/** What a person noted (sheet a). */
const CARBS = 1;
const INSULIN = 2;
const HEALTH = 3;
const EXERCISE = 4;
/** Units of insulin come in hundredths (sheet a). */
const HUNDREDTHS = 100;
/** Kinds of health and exercise by number (two public programs, see README.md), in our words. */
const HEALTH_WORDS = ["Illness", "Stress", "Felt high", "Felt low", "Menstruation", "Alcohol"] as const;
const EXERCISE_WORDS = ["Light exercise", "Medium exercise", "Heavy exercise"] as const;

/**
 * What a person noted on the receiver, at the time that he or she gave for it (not that of the typing). Throws
 * FRAME_MALFORMED for a kind of event that no source knows, and for one without a time.
 */
export function readEvent(record: Uint8Array): SourceReading {
  const [system, kind = 0, subtype = 0] = [u32(record, 0), record[8], record[9]];
  const [at, value] = [u32(record, 10), u32(record, 14)];
  if (at === NO_TIME) throw malformed("An event without a time.", record);
  return {
    ...told(kind, subtype, value, record),
    value2: null,
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    deviceTime: wallOf(at),
    instantMs: null,
    endMs: null,
    utcOffset: null,
    order: system,
    index: system,
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: record,
  };
}

type Told = Pick<SourceReading, "kind" | "value" | "unit" | "note" | "asSent">;

function told(kind: number, subtype: number, value: number, record: Uint8Array): Told {
  const unexplained = subtype === 0 ? null : `Subtype ${subtype}`;
  switch (kind) {
    case CARBS:
      return { kind: "carbs", value, unit: "g", note: unexplained, asSent: `carbs ${value}` };
    case INSULIN:
      return { kind: "insulin", value: value / HUNDREDTHS, unit: "U", note: unexplained, asSent: `insulin ${value}` };
    case HEALTH: {
      const word = HEALTH_WORDS[subtype - 1] ?? `Health event ${subtype}`;
      const note = value === 0 ? word : `${word}; value ${value}`;
      return { kind: "note", value: null, unit: null, note, asSent: `health ${subtype} ${value}` };
    }
    case EXERCISE: {
      const note = `${EXERCISE_WORDS[subtype - 1] ?? `Exercise ${subtype}`}, ${value} minutes`;
      return { kind: "note", value: null, unit: null, note, asSent: `exercise ${subtype} ${value}` };
    }
    default:
      throw malformed(`Events of kind ${kind} are in no list.`, record);
  }
}

function malformed(detail: string, record: Uint8Array): Problem {
  return new Problem("FRAME_MALFORMED", detail, { record: hex(record) });
}
