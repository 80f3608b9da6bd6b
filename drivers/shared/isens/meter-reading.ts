import { asProblem, isProblem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../../src/domain/reading.js";
import type { Meal } from "../../../src/domain/record.js";
import { meterReading as plainReading } from "../../../src/kit/meter-reading.js";

/** What a record of these meters can say; all else that a reading has is empty. */
export interface MeterResult {
  readonly kind: "glucose" | "ketone";
  /** In `unit`; the bound where `outOfRange` is set. */
  readonly value: number;
  readonly unit: "mg/dL" | "mmol/L";
  readonly outOfRange: "low" | "high" | null;
  readonly control: boolean;
  readonly meal: Meal | null;
  readonly note: string | null;
  readonly deviceTime: string;
  readonly asSent: string;
  readonly raw: Uint8Array;
}

/** The result as a reading. Where the blood came from is not on the wire; control solution is no blood. */
export function meterReading(result: MeterResult): SourceReading {
  return plainReading(result);
}

/** What is to be told of a record's bytes: the reading, or, where it can't be understood, the bytes and why. */
export function recordEvent(read: () => SourceReading, raw: Uint8Array): SessionEvent {
  try {
    return { type: "readings", readings: [read()] };
  } catch (error) {
    if (!isProblem(error)) throw error;
    const { code, message } = asProblem(error);
    return { type: "unreadable", unreadable: { code, detail: message, raw } };
  }
}
