import { type Content, sameValue, valueIn } from "../content.js";
import { changedHereFrom, type OwnState, type RecordLedger } from "../ledger.js";
import type { CloudState, ModelCloud } from "../model-cloud.js";
import { Violation } from "../violation.js";

/** What people change. */
const EDITED = ["note", "patient", "time", "meal", "deleted", "value"] as const;

/** What a person writes, each time something that was never written before. */
const UNIQUE = ["note", "patient", "time"] as const;

/**
 * Holds a record's whole history at a hub against I1 and I10: each value that a field ever had is still the field's, or
 * somebody at this hub replaced it, or somebody who saw it replaced it elsewhere (the cloud had it, and then what came
 * after it; or at another hub), or it stands in the list of conflicts. Throws a Violation; gives how many values it
 * looked at.
 *
 * @param unnoticed the cloud went back without this hub being told: what it had confirmed and lost may go, where somebody
 *   changed there what it had gone back to before the next comparison
 * @param elsewhere what the other hubs' stores ever held of this record
 */
export function checkFates(
  record: RecordLedger,
  elsewhere: readonly RecordLedger[],
  cloud: ModelCloud,
  unnoticed: boolean,
): number {
  let looked = 0;
  const states = [...cloud.everyState()].filter(({ id }) => id === record.id);
  for (const field of EDITED) {
    for (const [value, last] of lastPlaces(record.own, field)) {
      looked += 1;
      const next = record.own[last + 1];
      if (next === undefined || next.origin === "local" || isListed(record, field, value)) continue;
      if (elsewhere.some((other) => changedHereFrom(other, field, value) || isListed(other, field, value))) continue;
      if (unnoticed && states.some((state) => isLost(state, cloud) && sameValue(valueIn(state, field), value)))
        continue;
      const became = valueIn(next.content, field);
      if (field === "deleted" && became === true) {
        checkBuried(record, next, states);
        continue;
      }
      // Not only the next one: an earlier state may have come first, from a cloud that shows its commits late.
      const later = new Set(record.own.slice(last + 1).map(({ content }) => valueIn(content, field)));
      if (states.some((state) => later.has(valueIn(state, field)) && follows(state, field, value))) continue;
      if (wasReplacedBefore(record, field, value, later)) continue;
      if (isFirstOfMeter(record, field, last) && states.some((state) => sameValue(valueIn(state, field), became)))
        continue;
      const invariant = field === "deleted" && value === true ? "I10" : "I1";
      throw new Violation(
        invariant,
        `${field} ${String(value)} of ${record.id} became ${String(became)} by synchronisation (${next.origin}), and nothing tells of it`,
      );
    }
  }
  return looked;
}

/** Each value that the field had, with the last state that has it. */
function lastPlaces(own: readonly OwnState[], field: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  for (const [at, { content }] of own.entries()) places.set(valueIn(content, field), at);
  return places;
}

/** A deletion that came from the cloud takes nothing with it that whoever deleted had not seen. */
function checkBuried(record: RecordLedger, deletion: OwnState, states: readonly CloudState[]): void {
  const before = deletion.before?.content;
  if (before === undefined) return;
  const isKnownTo = (state: CloudState, field: string): boolean => {
    const value = valueIn(before, field);
    const first = record.own[0]?.content;
    if (first !== undefined && sameValue(valueIn(first, field), value)) return true;
    for (let each: CloudState | null = state; each !== null; each = each.parent)
      if (sameValue(valueIn(each, field), value)) return true;
    return false;
  };
  if (states.some((state) => state.deleted && UNIQUE.every((field) => isKnownTo(state, field)))) return;
  throw new Violation("I1", `an edit of ${record.id} went under a deletion by somebody who had not seen it`);
}

function isLost(state: CloudState, cloud: ModelCloud): boolean {
  return cloud.log[state.seq - 1] !== state;
}

function isListed(record: RecordLedger, field: string, value: unknown): boolean {
  return record.conflicts.some(
    (conflict) => conflict.field === field && (sameValue(conflict.local, value) || sameValue(conflict.remote, value)),
  );
}

/** True if that state stands on one that had the value. */
function follows(state: CloudState, field: string, earlier: unknown): boolean {
  for (let before: CloudState | null = state.parent; before !== null; before = before.parent)
    if (sameValue(valueIn(before, field), earlier)) return true;
  return false;
}

/** True if somebody replaced the value here before the store was put back to an earlier copy, and that came back. */
function wasReplacedBefore(record: RecordLedger, field: string, value: unknown, later: ReadonlySet<unknown>): boolean {
  return record.past.own.some(
    ({ origin, before, content }) =>
      origin === "local" &&
      before !== null &&
      sameValue(valueIn(before.content, field), value) &&
      later.has(valueIn(content, field)),
  );
}

/**
 * What a hub made of a meter's reading at first is nobody's edit: where another hub told the cloud its own of the same
 * reading before, that one stands.
 */
function isFirstOfMeter(record: RecordLedger, field: string, last: number): boolean {
  const first: Content | undefined = record.own[0]?.content;
  if (first === undefined || first.fields["source"] !== "meter") return false;
  return sameValue(valueIn(first, field), valueIn(record.own[last]?.content ?? first, field));
}
