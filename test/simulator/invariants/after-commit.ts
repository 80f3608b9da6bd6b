import { sameValue, valueIn } from "../content.js";
import { baseOf, type Ledger, type ListedConflict, type News, type RecordLedger, type Standing } from "../ledger.js";
import type { ModelCloud } from "../model-cloud.js";
import { Violation } from "../violation.js";

/** Fields that say what a meter measured. */
const MEASURED = [
  "value",
  "value2",
  "unit",
  "outOfRange",
  "control",
  "delivery",
  "deviceTime",
  "source",
  "serial",
] as const;

/** Who committed. */
export interface Committer {
  readonly name: string;
  /** Under which the cloud knows its hub. */
  readonly hubId: string;
  readonly role: "local" | "sync";
  /** Fence of the lease that it took last; null before. */
  fence: number | null;
}

/**
 * Holds what a commit left behind against I3, I4, I5, I9 and I11. Throws a Violation. Notes in `committer` the lease
 * that it took.
 */
export function checkCommit(ledger: Ledger, news: News, fenceBefore: number, by: Committer, cloud: ModelCloud): void {
  checkFence(news, fenceBefore, by);
  for (const { record, before } of news.changed) {
    checkNumbers(record, before, by);
    checkBase(record, cloud);
  }
  for (const { record, state } of news.states) {
    if (state.before === null) continue;
    // Only a hub that read the meter itself is a witness of what it said; others hold what the cloud says.
    const witness = record.own[0]?.origin === "local" && valueIn(state.before.content, "source") === "meter";
    for (const field of witness ? MEASURED : []) {
      const [was, is] = [valueIn(state.before.content, field), valueIn(state.content, field)];
      if (!sameValue(was, is))
        throw new Violation("I11", `${field} of ${record.id} became ${String(is)}, it was ${String(was)}`);
    }
  }
  if (cloud.restores === 0 && !cloud.free && ledger.lives === 1)
    for (const listed of news.conflicts) checkTwoSides(listed, ledger, by, cloud);
  if (news.cursor !== news.cursorBefore) checkCursor(ledger, news, cloud);
}

function checkFence(news: News, fenceBefore: number, by: Committer): void {
  if (news.fence < fenceBefore) throw new Violation("I4", `the fence went back from ${fenceBefore} to ${news.fence}`);
  if (by.role !== "sync") {
    if (news.fence !== fenceBefore) throw new Violation("I5", `${by.name} took the lease`);
    return;
  }
  if (news.fence > fenceBefore) by.fence = news.fence;
  else if (news.written && by.fence !== news.fence)
    throw new Violation("I5", `${by.name} wrote under fence ${by.fence} while ${news.fence} holds the lease`);
}

function checkNumbers(record: RecordLedger, before: Standing | null, by: Committer): void {
  const { now, id } = record;
  if (now === null) return;
  const { version, versionSynced, rev } = now;
  if (versionSynced > version) throw new Violation("I3", `${id}: version_synced ${versionSynced} of ${version}`);
  const first = by.role === "local" ? 1 : 0;
  const raised = before === null ? version === first : version === before.version + (by.role === "local" ? 1 : 0);
  if (!raised) throw new Violation("I4", `${id}: ${by.name} left version ${version} (before: ${before?.version})`);
  if (before === null) return;
  if (by.role === "local" && versionSynced !== before.versionSynced)
    throw new Violation("I4", `${id}: ${by.name} wrote version_synced`);
  if (versionSynced < before.versionSynced && rev === before.rev)
    throw new Violation("I4", `${id}: version_synced went back from ${before.versionSynced} to ${versionSynced}`);
}

function checkBase(record: RecordLedger, cloud: ModelCloud): void {
  const rev = record.now?.rev ?? null;
  if (rev === null) return;
  const state = cloud.stateOf(rev);
  if (state === undefined) throw new Violation("I3", `${record.id}: there never was a rev ${rev}`);
  const base = baseOf(record);
  if (base === null || base.text !== state.text)
    throw new Violation(
      "I3",
      `${record.id}: as ${rev} the cloud holds ${state.text}, the hub takes version ${record.now?.versionSynced} for it: ${base?.text}`,
    );
}

/**
 * The cloud's side of a conflict is not a state that this very hub made: one whose acknowledgement got lost is known by
 * its content. Where somebody else has made another state of it since, the hub can't tell, and lists more than it must.
 */
function checkTwoSides(conflict: ListedConflict, ledger: Ledger, by: Committer, cloud: ModelCloud): void {
  const rev = ledger.records.get(conflict.record)?.now?.rev ?? "";
  if (cloud.stateOf(rev)?.hub === by.hubId)
    throw new Violation("NOISE", `${by.name} listed a conflict of ${conflict.field} with its own ${rev}`);
}

/** The newest state of each record was seen where the cursor is past it; an older one may have been passed over. */
function checkCursor(ledger: Ledger, news: News, cloud: ModelCloud): void {
  if (news.cursor === null) return;
  const place = cloud.seqOf(news.cursor);
  const before = news.cursorBefore === null ? 0 : cloud.seqOf(news.cursorBefore);
  if (place < before && cloud.restores === 0)
    throw new Violation("I4", `the cursor went back from ${news.cursorBefore} to ${news.cursor}`);
  // A cursor from before the cloud went back names a place in a sequence that is no more; and where the cloud itself
  // has not noticed, its cursors say nothing.
  if (!cloud.isOfThisLife(news.cursor) || cloud.wentBackSilently) return;
  for (const { id, rev, seq } of cloud.records.values()) {
    if (seq <= place && !ledger.revs.has(rev))
      throw new Violation("I9", `the cursor is at ${news.cursor}, and rev ${rev} of ${id} was not seen`);
  }
}
