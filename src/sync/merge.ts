import { EDITABLE_FIELDS, FIELD_ORDER, type RecordFields } from "../domain/record.js";

/** One side's whole state of a record. */
export interface Side {
  readonly deleted: boolean;
  readonly fields: RecordFields;
}

/** A field that both sides changed; the local value stays the record's. */
export interface FieldConflict {
  readonly field: string;
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
}

/** What a merge comes to. */
export interface Merged {
  readonly side: Side;
  readonly conflicts: readonly FieldConflict[];
}

type Flat = Readonly<Record<string, unknown>>;

const EDITABLE = new Set<string>(EDITABLE_FIELDS);
/** What the device said: two hubs that read the same meter must agree on it. */
const MEASURED = new Set<string>([
  "value",
  "value2",
  "unit",
  "outOfRange",
  "control",
  "delivery",
  "deviceTime",
  "source",
  "serial",
]);

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** True if both sides say the same. */
export function sameSide(a: Side, b: Side): boolean {
  return a.deleted === b.deleted && changedFields(a.fields, b.fields).length === 0;
}

function names(...sides: readonly RecordFields[]): string[] {
  const known: readonly string[] = FIELD_ORDER;
  const extra = sides.flatMap((fields) => Object.keys(fields)).filter((name) => !known.includes(name));
  return [...known, ...[...new Set(extra)].sort()];
}

function changedFields(a: RecordFields, b: RecordFields): string[] {
  return names(a, b).filter((name) => !same((a as unknown as Flat)[name], (b as unknown as Flat)[name]));
}

/**
 * Merges two sides of one record, field by field. Each field that one side changed since `base` takes that side's value;
 * one that both changed keeps the local value and is a conflict. What a device or an export measured stays as it is
 * here: a different remote value is a conflict. An edit survives a deletion, as a conflict. Pure.
 *
 * @param base what both sides last agreed on, or `presumed` where they never met: the state in which the record was made
 *   here, beside which the other side made it on its own (two hubs read one meter). Null if nothing is known
 */
export function merge(base: Side | null, local: Side, remote: Side, presumed = base === null): Merged {
  const conflicts: FieldConflict[] = [];
  const merged: Record<string, unknown> = {};
  const [b, l, r] = [base?.fields, local.fields, remote.fields].map((fields) => (fields ?? {}) as unknown as Flat) as [
    Flat,
    Flat,
    Flat,
  ];
  const fromDevice = local.fields.source !== "manual";
  for (const name of names(local.fields, remote.fields)) {
    const values = { field: name, base: b[name] ?? null, local: l[name] ?? null, remote: r[name] ?? null };
    const fixed = fromDevice && !EDITABLE.has(name);
    // Each hub derived it on its own (an estimate of the time, a spelling of the model): the first in the cloud stands,
    // whole, so that no time ever bears another one's quality.
    if (fixed && presumed && !MEASURED.has(name)) merged[name] = values.remote;
    else merged[name] = mergeField(values, base !== null, fixed, conflicts);
  }
  const deleted = mergeDeleted(base, local, remote, conflicts);
  return { side: { deleted, fields: merged as unknown as RecordFields }, conflicts };
}

function mergeField(values: FieldConflict, baseKnown: boolean, fixed: boolean, conflicts: FieldConflict[]): unknown {
  const { base, local, remote } = values;
  if (same(local, remote)) return local;
  if (baseKnown && same(remote, base)) return local;
  if (!fixed && baseKnown && same(local, base)) return remote;
  conflicts.push(values);
  return local;
}

function mergeDeleted(base: Side | null, local: Side, remote: Side, conflicts: FieldConflict[]): boolean {
  if (local.deleted === remote.deleted) return local.deleted;
  const before = base?.deleted ?? false;
  const [deleting, editing] = local.deleted ? [local, remote] : [remote, local];
  // The side that differs from the base on this point is the one that acted.
  if (before) return editing.deleted;
  const edited = base === null || changedFields(base.fields, editing.fields).length > 0;
  if (!edited) return deleting.deleted;
  conflicts.push({ field: "deleted", base: before, local: local.deleted, remote: remote.deleted });
  return false;
}
