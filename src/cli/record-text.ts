import type { GlucoRecord } from "../domain/record.js";
import { wholeOffset } from "./when.js";

/** Marks of a time that is not simply known. */
const TIME_MARKS = { exact: "", device: "", corrected: "~", suspect: "?" } as const;

/** The columns of `recordCells`. */
export const RECORD_HEAD = ["id", "time", "kind", "value", "details"] as const;

/**
 * A record for people: id, the wall-clock time at its place (the hub's zone where the place is unknown) with the offset,
 * kind, value, and whatever else is to be known of it. `~` marks a corrected time, `?` one that is suspect.
 */
export function recordCells(record: GlucoRecord, zone: string): string[] {
  const offset = record.utcOffset ?? wholeOffset(zone, Date.parse(record.time)) ?? 0;
  return [
    record.id,
    localTime(record.time, offset) + TIME_MARKS[record.timeQuality],
    record.kind,
    valueText(record),
    details(record),
  ];
}

/** The same on one line. */
export function recordLine(record: GlucoRecord, zone: string): string {
  return recordCells(record, zone).join("  ").trimEnd();
}

/** Value and unit as measured: `5.6 mmol/L`, `LO (below 20 mg/dL)`, `120/80 mmHg`; empty for a note. */
export function valueText({ value, value2, unit, outOfRange }: GlucoRecord): string {
  if (value === null) return "";
  if (outOfRange === "low") return `LO (below ${value} ${unit ?? ""})`;
  if (outOfRange === "high") return `HI (above ${value} ${unit ?? ""})`;
  return `${value}${value2 === null ? "" : `/${value2}`} ${unit ?? ""}`.trimEnd();
}

/** `2026-11-21 08:03:00+01:00` */
function localTime(instant: string, offset: number): string {
  const wall = new Date(Date.parse(instant) + offset * 60_000).toISOString().slice(0, 19).replace("T", " ");
  const minutes = Math.abs(offset);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${wall}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function details(record: GlucoRecord): string {
  const { deleted, control, meal, delivery, patient, source, sourceName, model, serial, note, endTime } = record;
  const device = [model, serial].filter((part) => part !== null).join(" ");
  return [
    deleted ? "DELETED" : null,
    control ? "control solution" : null,
    meal,
    delivery,
    endTime === null ? null : `until ${endTime}`,
    patient === null ? null : `patient ${patient}`,
    device === "" ? (sourceName ?? source) : device,
    note === null ? null : `"${note}"`,
  ]
    .filter((part) => part !== null)
    .join(", ");
}
