import type { Delivery, Kind, Meal, RecordFields, Source, Specimen } from "./record.js";

/** What a source said about itself. Null where it does not say. */
export interface SourceIdentity {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly firmware: string | null;
  /** Unit that the meter's display is set to, where it says so. */
  readonly displayUnit: string | null;
}

/**
 * One reading as its source said it: nothing converted, rounded, placed in a zone or left out. Exactly one of
 * `deviceTime` (a meter's wall clock) and `instantMs` (a source that gives instants) is set.
 */
export interface SourceReading {
  readonly kind: Kind;
  /** In `unit`, as sent; the bound where `outOfRange` is set; null for a note. */
  readonly value: number | null;
  readonly value2: number | null;
  readonly unit: string | null;
  readonly outOfRange: "low" | "high" | null;
  readonly control: boolean;
  readonly meal: Meal | null;
  readonly specimen: Specimen | null;
  readonly delivery: Delivery | null;
  readonly note: string | null;
  /** Wall-clock time without zone, `2015-03-21T16:45:24`; null with `clockLost` if the device had none. */
  readonly deviceTime: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly instantMs: number | null;
  /** End of a span, milliseconds since the Unix epoch. */
  readonly endMs: number | null;
  /** Minutes east of UTC at that place and time, only where the source really knows. */
  readonly utcOffset: number | null;
  /**
   * Place in the order in which the device logged things (a record counter, a clock that nobody can set), comparable with
   * the `order` of its clock changes; only where the device has one.
   */
  readonly order?: number;
  /** The device's own record number, only where it stays the same from one session to the next. */
  readonly index: number | null;
  /** The value's text as sent: part of the identity. */
  readonly asSent: string;
  /**
   * What every link to the meter tells alike of this test, in one spelling (minute, unit and value; a counter): where it is
   * set, it and the serial number are the identity instead of time, index and `asSent`, so that a meter that is read over
   * USB and over Bluetooth gives each test once.
   */
  readonly testKey?: string;
  /** A name by which the source itself tells this reading from all others, where it has one (a sync identifier). */
  readonly sourceKey: string | null;
  /** Device of this single reading where a file holds many devices' readings; else null: the session's. */
  readonly device: Pick<SourceIdentity, "manufacturer" | "model" | "serial"> | null;
  /** App that wrote it, where a file holds many apps' readings. */
  readonly sourceName: string | null;
  /** Of an export of a hub's own records: the record as it stood there, under its own id. It is kept as it is. */
  readonly record?: { readonly id: string; readonly fields: RecordFields };
  /** The bytes as they came. */
  readonly raw: Uint8Array;
}

/** Somebody set the device's clock: what it showed before and after, wall time, and when in the device's order. */
export interface ClockChange {
  readonly from: string;
  readonly to: string;
  /** Comparable with a reading's `order`; null where the device keeps none. */
  readonly order: number | null;
}

/** What can't be understood: kept for inspection, counted and reported; never dropped silently. */
export interface Unreadable {
  /** A code of the problem table. */
  readonly code: string;
  /** What is wrong with it, one sentence. */
  readonly detail: string;
  readonly raw: Uint8Array;
}

/** What a session with a source tells, in the order in which it learns it. */
export type SessionEvent =
  | {
      readonly type: "identity";
      readonly identity: SourceIdentity;
      readonly source: Source;
      readonly sourceName: string | null;
    }
  /** The meter's clock, wall time without zone; null if it shows none. Comes before the readings. */
  | { readonly type: "clock"; readonly deviceTime: string | null }
  /** Every time that the device's clock was set, oldest first, as the device logged it. After `clock`, before the readings. */
  | { readonly type: "clockChanges"; readonly changes: readonly ClockChange[] }
  /** How many readings will come, where the source says. */
  | { readonly type: "expect"; readonly count: number }
  | { readonly type: "readings"; readonly readings: readonly SourceReading[] }
  | { readonly type: "unreadable"; readonly unreadable: Unreadable }
  /**
   * Told last in a session that read everything: a text by which the driver's next session with this meter reads only
   * what is new (`SessionContext.resume`). Kept with the meter when the session ends well, else not.
   */
  | { readonly type: "cursor"; readonly cursor: string }
  /** How much of a file is done, in bytes of the file on disk. */
  | { readonly type: "progress"; readonly doneBytes: number; readonly totalBytes: number };
