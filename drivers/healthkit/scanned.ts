import type { DecodedText } from "../shared/xml/text.js";
import type { RecordDevice } from "./device.js";
import { type Element, emptyElement } from "./element.js";
import type { SampleType } from "./types.js";

/** What stands in the tag of a `Record`. One object, filled anew: valid as long as its element. */
export interface ScannedRecord {
  /** The element; its bytes are the reading's. */
  element: Element;
  /** Null where it names no type, or several. */
  sample: SampleType | null;
  /** Why its attributes can't be trusted, one sentence; null if they can. */
  damage: string | null;
  /** Null where the attribute is missing. */
  sourceName: string | null;
  unit: PrintedUnit | null;
  /** The value as its reader should see it. */
  printed: string | null;
  /** What `printed` says; NaN if that is no number. */
  value: number;
  /** Null where the date is missing or is none. */
  startMs: number | null;
  endMs: number | null;
  device: RecordDevice | null;
}

/** A unit as printed. */
export interface PrintedUnit extends DecodedText {
  /** The unit of a record for it; null if a sample of that type may not be measured in it. */
  of(sample: SampleType): string | null;
}

/** One that is to be filled. */
export function emptyRecord(): ScannedRecord {
  const element = emptyElement();
  const record = {
    element,
    sample: null,
    damage: null,
    sourceName: null,
    unit: null,
    printed: null,
    value: Number.NaN,
  };
  return { ...record, startMs: null, endMs: null, device: null };
}

/** Makes it empty again, for the next element. */
export function clear(record: ScannedRecord, element: Element, sample: SampleType | null): void {
  record.element = element;
  record.sample = sample;
  record.damage = null;
  record.sourceName = null;
  record.unit = null;
  record.printed = null;
  record.value = Number.NaN;
  record.startMs = null;
  record.endMs = null;
  record.device = null;
}

/** A unit that remembers what it means for the type that was asked for last: mostly there is one. */
export function printedUnit({ text, sound }: DecodedText): PrintedUnit {
  let [asked, answer]: [SampleType | null, string | null] = [null, null];
  return {
    text,
    sound,
    of(sample) {
      if (asked !== sample) [asked, answer] = [sample, sample.unit(text)];
      return answer;
    },
  };
}
