import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { hex } from "../../src/kit/bytes.js";
import { NO_TIME, wallOf } from "./clock.js";
import { readEvent } from "./events.js";
import { limits } from "./limits.js";
import { u16, u32 } from "./packet.js";
import { PAGE_TYPES, type PageType } from "./page.js";
import { type OffsetSince, offsetAt } from "./settings.js";

/** What a record tells: a reading (and whether it came later than it was measured), or why there is none in it. */
export type RecordTold =
  | { readonly reading: SourceReading; readonly cameLater: boolean }
  | { readonly passedOver: string };

/** The lower ten bits of an EGV are its value (sheets a and b). */
const VALUE_BITS = 0x3ff;
/** Shown only, and superseded by another record of the same time (sheets a and b). */
const DISPLAY_ONLY = 0x8000;
/** Came later than it was measured (sheet a). */
const BACKFILLED = 0x2000;
/** Bits that no source explains. (4000, `computed by the transmitter` in a public program, says nothing about the value.) */
const UNEXPLAINED = 0x1c00;
/** Below this no EGV is a glucose (sheet a). */
const FIRST_GLUCOSE = 20;
/** By which the receiver says that there is no value (sheet b), in our words. */
const NO_VALUE: ReadonlyMap<number, string> = new Map([
  [1, "sensor not active"],
  [2, "minimal deviation"],
  [3, "no antenna"],
  [5, "sensor not calibrated"],
  [6, "counts deviation"],
  [9, "absolute deviation"],
  [10, "power deviation"],
  [12, "bad radio"],
]);
/** Seconds by which a record's two times may differ from what the settings log tells (they are cut to seconds apart). */
const OFFSET_SLACK = 60;
/** More mg/dL than any meter shows that a person could have typed in. */
const MOST_TYPED = 1_000;

/**
 * Reads one record whose CRC is right. `offsets`: what is known of the display's offset. Throws FRAME_MALFORMED for what
 * is not understood: a time that was never set, a value that no source explains, an unknown kind of event.
 */
export function readRecord(
  type: PageType,
  revision: number,
  record: Uint8Array,
  offsets: readonly OffsetSince[],
): RecordTold {
  const [system, display] = [u32(record, 0), u32(record, 4)];
  if (system === NO_TIME || display === NO_TIME) throw malformed("A record without a time.", record);
  switch (type) {
    case PAGE_TYPES.egv:
    case PAGE_TYPES.backfilled:
      return readEgv(type, revision, record, offsets);
    case PAGE_TYPES.meter: {
      const typed = readMeter(revision, record);
      const note = notes(typed.note, offsetNote(system, display, offsets));
      return { reading: { ...typed, note }, cameLater: false };
    }
    case PAGE_TYPES.events: {
      const event = readEvent(record);
      const note = notes(event.note, offsetNote(system, display, offsets));
      return { reading: { ...event, note }, cameLater: false };
    }
    default:
      throw malformed(`Pages of type ${type} hold no readings.`, record);
  }
}

/**
 * A sensor glucose (EGV). In mg/dL whatever the display shows. Of one that came later, the display time is when it
 * arrived: the time shown is rebuilt from the system time at which it was measured.
 */
function readEgv(type: PageType, revision: number, record: Uint8Array, offsets: readonly OffsetSince[]): RecordTold {
  const [system, display, word] = [u32(record, 0), u32(record, 4), u16(record, 8)];
  const sent = word & VALUE_BITS;
  if ((word & DISPLAY_ONLY) !== 0) return { passedOver: "shown only" };
  const why = NO_VALUE.get(sent);
  if (why !== undefined) return { passedOver: why };
  if (sent < FIRST_GLUCOSE) throw malformed(`The sensor's code ${sent} is in no list.`, record);
  const backfilled = type === PAGE_TYPES.backfilled || (word & BACKFILLED) !== 0;
  const measured = backfilled && revision >= 4 ? u32(record, 10) : system;
  if (measured === NO_TIME || measured > system + OFFSET_SLACK) {
    throw malformed("A reading that came later does not tell when it was measured.", record);
  }
  const outOfRange = sent < limits.low ? "low" : sent > limits.high ? "high" : null;
  const unexplained = word & UNEXPLAINED;
  return {
    cameLater: backfilled,
    reading: {
      // Written out: spreading costs ten times as much, and a receiver holds tens of thousands of these.
      kind: "glucose",
      value: Math.min(limits.high, Math.max(limits.low, sent)),
      value2: null,
      unit: "mg/dL",
      outOfRange,
      control: false,
      meal: null,
      specimen: "interstitial",
      delivery: null,
      instantMs: null,
      endMs: null,
      utcOffset: null,
      sourceKey: null,
      device: null,
      sourceName: null,
      note: notes(
        backfilled ? "Came later; its time is rebuilt from the receiver's inner clock" : null,
        unexplained === 0 ? null : `Marks ${unexplained.toString(16)} that are not understood`,
        backfilled ? null : offsetNote(system, display, offsets),
      ),
      deviceTime: wallOf(backfilled ? measured + (offsetAt(offsets, measured) ?? display - system) : display),
      order: measured,
      index: measured,
      asSent: String(sent),
      raw: record,
    },
  };
}

/** A finger-stick value that a person typed in: its own kind of specimen, and never to be taken for the sensor's. */
function readMeter(revision: number, record: Uint8Array): SourceReading {
  const [system, display, value] = [u32(record, 0), u32(record, 4), u16(record, 8)];
  if (value === 0 || value > MOST_TYPED) throw malformed(`${value} is no glucose that a person types in.`, record);
  const entryType = revision === 3 ? `entry type ${record[10]}` : null;
  return {
    ...EMPTY,
    kind: "glucose",
    value,
    unit: "mg/dL",
    specimen: "capillary",
    note: notes("Typed in from a meter", entryType),
    deviceTime: wallOf(display),
    order: system,
    index: system,
    asSent: `meter ${value}`,
    raw: record,
  };
}

/** What a reading of this receiver never has. */
const EMPTY = {
  value2: null,
  outOfRange: null,
  control: false,
  meal: null,
  delivery: null,
  instantMs: null,
  endMs: null,
  utcOffset: null,
  sourceKey: null,
  device: null,
  sourceName: null,
} as const;

function offsetNote(system: number, display: number, offsets: readonly OffsetSince[]): string | null {
  const known = offsetAt(offsets, system);
  if (known === null || Math.abs(display - system - known) <= OFFSET_SLACK) return null;
  return "Shown with a clock offset that the receiver's settings do not tell";
}

function notes(...parts: readonly (string | null)[]): string | null {
  const told = parts.filter((part) => part !== null);
  return told.length === 0 ? null : told.join("; ");
}

function malformed(detail: string, record: Uint8Array): Problem {
  return new Problem("FRAME_MALFORMED", detail, { record: hex(record) });
}
