import { differences, sameValue, valueIn } from "../content.js";
import { changedHereFrom, listedFrom, type RecordLedger } from "../ledger.js";
import type { CloudState } from "../model-cloud.js";
import { Violation } from "../violation.js";

/** What a person writes, each time something that was never written before. */
const UNIQUE = ["note", "patient", "time"] as const;

/**
 * Holds what a hub's push makes of the cloud's state against I2 and I10, before it is stored: the hub had seen the state
 * that it replaces; and each field that it changes was changed at the hub by somebody who saw the cloud's value, or the
 * cloud's value is on the hub's list of conflicts.
 *
 * @param record what the hub's store ever held of this record
 * @param restored the cloud lost states: then what it goes back to may also have been replaced by what the cloud said once
 */
export function checkReplaced(
  record: RecordLedger | undefined,
  from: CloudState,
  to: CloudState,
  restored: boolean,
): void {
  const { id } = from;
  if (record === undefined || !record.texts.has(from.text))
    throw new Violation("I2", `${to.by} replaced ${from.rev} of ${id} (by ${from.by}) without having seen it`);
  for (const field of differences(from, to)) {
    const was = valueIn(from, field);
    if (changedHereFrom(record, field, was, restored) || listedFrom(record, field, was)) continue;
    const invariant = field === "deleted" && from.deleted ? "I10" : "I2";
    const change = `${field} from ${String(was)} to ${String(valueIn(to, field))}`;
    throw new Violation(invariant, `${to.by} changed ${change} in ${id}, which nobody did there and no conflict tells`);
  }
  if (to.deleted && !from.deleted && !restored) checkDeletion(record, from, to);
}

/** Whoever deletes saw what he deletes, else the edit would have survived, as a conflict. */
function checkDeletion(record: RecordLedger, from: CloudState, to: CloudState): void {
  const own = [...record.past.own, ...record.own];
  const deletion = own.findLastIndex(
    ({ origin, before, content }) => origin === "local" && content.deleted && before?.content.deleted === false,
  );
  if (listedFrom(record, "deleted", false)) return;
  for (const field of UNIQUE) {
    const was = valueIn(from, field);
    if (listedFrom(record, field, was)) continue;
    const seen = own.slice(0, deletion + 1).some(({ content }) => sameValue(valueIn(content, field), was));
    if (!seen)
      throw new Violation(
        "I2",
        `${to.by} deleted ${from.id}, whose ${field} ${String(was)} nobody had seen there by then`,
      );
  }
}
