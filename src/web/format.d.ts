import type { GlucoRecord } from "../domain/record.js";
import type { MeterStatus, SyncStatus } from "../domain/status.js";

/** What the record is about, for people. */
export function kindText(record: GlucoRecord): string;
/** The value as measured, never rounded; LO and HI with their bound. */
export function valueText(record: GlucoRecord): string;
/** A glucose value in the other unit, rounded, for display; empty for others. */
export function otherUnitText(record: GlucoRecord): string;
/** Date, time and zone as they were where the value was taken; UTC where that is not known. */
export function timeText(record: GlucoRecord): { date: string; clock: string; zone: string };
/** What a reader must know about the record's time; empty where it is good. */
export function timeWarning(record: GlucoRecord): string;
/** Where the record comes from. */
export function sourceText(record: GlucoRecord): string;
/** When within the day's meals; empty where it is not said. */
export function mealText(record: GlucoRecord): string;
/** An instant in the viewer's own zone. */
export function instantText(instant: string | null): string;
/** What goes on with a meter, one line. */
export function meterText(meter: MeterStatus): string;
/** A meter's clock error as a warning; empty within two minutes. */
export function clockText(meter: MeterStatus): string;
/** How the sync is, one line. */
export function syncText(sync: SyncStatus): string;
/** How many records the cloud holds as they stand here. */
export function syncedCount(sync: SyncStatus & { records: number }): number;
/** One side of a conflict for people. */
export function fieldText(value: unknown): string;
