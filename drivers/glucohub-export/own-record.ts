import type { SourceReading } from "../../src/domain/reading.js";
import { EMPTY_FIELDS, FIELD_ORDER, type Kind, type RecordFields } from "../../src/domain/record.js";
import { recordFaults } from "../../src/domain/validate.js";
import { unguardFormula } from "../shared/csv/formula.js";
import { draftReading } from "../shared/export/reading.js";
import { Unfit } from "../shared/export/unfit.js";

/** A reading of a hub's own export: the record as it stood there, under the id that it had. */
export interface OwnReading extends SourceReading {
  readonly record: { readonly id: string; readonly fields: RecordFields };
}

/** What stands in a line besides the fields. */
const HEAD = ["id", "kind", "deleted"] as const;
const NUMBERS: ReadonlySet<string> = new Set(["utcOffset", "value", "value2"]);
const BOOLEANS: ReadonlySet<string> = new Set(["deleted", "control"]);
const NAMES: ReadonlySet<string> = new Set([...HEAD, ...FIELD_ORDER]);
/** As a hub writes numbers. */
const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

/** Columns without which a CSV is none of a hub's. */
export const NEEDED = ["id", "kind", "deleted", "time", "timeQuality", "source"] as const;

/** The members of a CSV line by its headings: an empty cell is null. Throws Unfit for a number or word that no hub writes. */
export function membersOf(headings: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [place, name] of headings.entries()) {
    if (NAMES.has(name)) members[name] = memberOf(name, cells[place] ?? "");
  }
  return members;
}

/**
 * The reading that a line of the export stands for; null for a record that was deleted. Throws Unfit, with what is wrong, for
 * one that no hub would have kept: a spreadsheet that saved the file may have made other text of times and numbers.
 */
export function ownReading(members: Readonly<Record<string, unknown>>, raw: Uint8Array): OwnReading | null {
  const { id, kind, deleted, ...given } = members;
  if (deleted === true) return null;
  if (deleted !== false) throw new Unfit("it does not say whether the record was deleted");
  const fields = { ...EMPTY_FIELDS, ...given } as unknown as RecordFields;
  const faults = recordFaults(id, kind, fields as unknown as Record<string, unknown>);
  if (faults.length > 0) throw new Unfit(faults.join("; "));
  const { value, unit } = fields;
  const draft = draftReading(kind as Kind, { value, unit, asSent: `${value ?? ""} ${unit ?? ""}`.trim() }, raw);
  draft.value2 = fields.value2;
  draft.outOfRange = fields.outOfRange;
  draft.control = fields.control;
  draft.meal = fields.meal;
  draft.specimen = fields.specimen;
  draft.delivery = fields.delivery;
  draft.note = fields.note;
  draft.instantMs = Date.parse(fields.time);
  draft.endMs = fields.endTime === null ? null : Date.parse(fields.endTime);
  draft.utcOffset = fields.utcOffset;
  draft.sourceKey = `glucohub ${id}`;
  draft.device = { manufacturer: fields.manufacturer, model: fields.model, serial: fields.serial };
  draft.sourceName = fields.sourceName;
  return { ...draft, record: { id: String(id), fields } };
}

function memberOf(name: string, cell: string): unknown {
  if (cell === "") return null;
  if (BOOLEANS.has(name)) {
    if (/^(true|false)$/i.test(cell)) return /^true$/i.test(cell);
    throw new Unfit(`its ${name} is ${JSON.stringify(cell.slice(0, 40))}`);
  }
  if (!NUMBERS.has(name)) return unguardFormula(cell);
  if (!NUMBER.test(cell)) throw new Unfit(`its ${name} ${JSON.stringify(cell.slice(0, 40))} is no number`);
  return Number(cell);
}
