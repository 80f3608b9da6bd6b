import { EDITABLE_FIELDS, FIELD_ORDER, type RecordFields } from "../domain/record.js";

/** One side's whole state of a record. */
export interface Side {
  readonly deleted: boolean;
  readonly fields: RecordFields;
}

/** A field that both sides changed; the local value stays the record's, unless it is `yielded`. */
export interface FieldConflict {
  readonly field: string;
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
  /**
   * True where the record takes the remote value: only the cloud ever wrote the field, but it may have forgotten what it
   * said last, and then the value that it has now is the older one.
   */
  readonly yielded?: true;
}

/** What a merge comes to. */
export interface Merged {
  readonly side: Side;
  readonly conflicts: readonly FieldConflict[];
}

type Flat = Readonly<Record<string, unknown>>;

const KNOWN = new Set<string>(FIELD_ORDER);
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

/** True if the field (or `deleted`) had more than one value in these states. */
export function wavered(states: readonly Side[], field: string): boolean {
  const [first, ...others] = states.map((state) =>
    field === "deleted" ? state.deleted : (state.fields as unknown as Flat)[field],
  );
  return others.some((value) => !same(value, first));
}

/**
 * How much the base of a merge is worth. `agreed`: both sides had it. `presumed`: they never met; it is the state in
 * which the record was made here, beside which the other side made it on its own (two hubs read one meter). `doubtful`:
 * both had it once, but the cloud may have gone back behind it (restored from a backup), so that a field which differs
 * from it there may be older than it.
 */
export type BaseKind = "agreed" | "presumed" | "doubtful";

/** The state that a merge starts from; `side` is null if nothing is known. */
export interface Base {
  readonly side: Side | null;
  readonly kind: BaseKind;
  /** Where both sides did not agree on the base: true if the field (or `deleted`) ever had another value here. */
  readonly wavered?: (field: string) => boolean;
  /**
   * False where the record came from the cloud and no device was heard here: what was measured is then the cloud's to
   * tell. Default true.
   */
  readonly heard?: boolean;
}

/**
 * Merges two sides of one record, field by field. Each field that one side changed since the base takes that side's
 * value; one that both changed keeps the local value and is a conflict. What a device or an export measured stays as it
 * is here: a different remote value is a conflict. An edit survives a deletion, as a conflict. Where the base is
 * doubtful, a field that ever changed here is not given up for the cloud's, and one that did not is given up, but not
 * forgotten: both are conflicts. Pure.
 */
export function merge(base: Base, local: Side, remote: Side): Merged {
  const conflicts: FieldConflict[] = [];
  const merged: Record<string, unknown> = {};
  const flat = (side: Side | null): Flat => (side?.fields ?? {}) as unknown as Flat;
  const [b, l, r] = [flat(base.side), flat(local), flat(remote)];
  for (const name of names(local.fields, remote.fields)) {
    const values = { field: name, base: b[name] ?? null, local: l[name] ?? null, remote: r[name] ?? null };
    // The first in the cloud stands, whole, so that no time ever bears another one's quality; and two hubs that each
    // insisted on their own estimate would push against each other for ever.
    if (base.kind !== "agreed" && isEstimate(base, local, name)) merged[name] = values.remote;
    else merged[name] = mergeField(values, base, local, conflicts);
  }
  const deleted = mergeDeleted(base, local, remote, conflicts);
  return { side: { deleted, fields: merged as unknown as RecordFields }, conflicts };
}

/** True for a field that only a device or an export may give; not for one that only a newer cloud knows. */
export function isFixed(base: Base, local: Side, field: string): boolean {
  return base.heard !== false && local.fields.source !== "manual" && KNOWN.has(field) && !EDITABLE.has(field);
}

/** True for what each hub derives on its own from what a device said: an estimate of the time, a spelling of the model. */
function isEstimate(base: Base, local: Side, field: string): boolean {
  return isFixed(base, local, field) && !MEASURED.has(field);
}

function mergeField(values: FieldConflict, base: Base, side: Side, conflicts: FieldConflict[]): unknown {
  const { local, remote } = values;
  if (same(local, remote)) return local;
  if (base.side !== null && same(remote, values.base)) return local;
  const mine = base.side !== null && same(local, values.base);
  // A field that ever changed here may have been brought back to what it was: that too is somebody's change.
  const wavering = base.kind !== "agreed" && base.wavered?.(values.field) === true;
  if (!isFixed(base, side, values.field) && mine && !wavering) {
    if (base.kind === "doubtful") conflicts.push({ ...values, yielded: true });
    return remote;
  }
  conflicts.push(values);
  return local;
}

function mergeDeleted(base: Base, local: Side, remote: Side, conflicts: FieldConflict[]): boolean {
  if (local.deleted === remote.deleted) return local.deleted;
  const before = base.side?.deleted ?? false;
  const [deleting, editing] = local.deleted ? [local, remote] : [remote, local];
  const conflict = { field: "deleted", base: before, local: local.deleted, remote: remote.deleted };
  if (before) {
    // The side that differs from the base on this point is the one that acted; unless the cloud merely forgot.
    if (base.kind === "doubtful" && local.deleted) conflicts.push(conflict);
    return editing.deleted;
  }
  if (!edited(base, local, editing)) return deleting.deleted;
  conflicts.push(conflict);
  return false;
}

/** True if the side that was not deleted bears a change that the one who deleted may not have seen. */
function edited(base: Base, local: Side, editing: Side): boolean {
  if (base.side === null) return true;
  const changed = changedFields(base.side.fields, editing.fields);
  if (changed.some((name) => base.kind !== "presumed" || !isEstimate(base, local, name))) return true;
  return base.kind !== "agreed" && editing === local && [...EDITABLE, "deleted"].some((name) => base.wavered?.(name));
}
