import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { BleTransport } from "../../src/kit/transport.js";
import { findCharacteristic, GLUCOSE } from "../shared/gatt/names.js";
import type { RacpProcedure } from "../shared/gatt/racp-procedure.js";
import { clockWay, readClock } from "./clock.js";
import { type Cursor, cursorAfter, fits, goesOn, parseCursor, printCursor } from "./cursor.js";
import { Join, unreadable } from "./join.js";
import { type Meter, openMeter, openRecords } from "./meter.js";
import { Transfer } from "./transfer.js";

/** How often everything is asked for while less comes than the meter counts. */
const MOST_ASKED = 2;

/**
 * Asks who the meter is and what its clock shows, and reads its records: those that are new since the cursor, if that still
 * fits, else all of them. Only reads. Throws METER_UNSUPPORTED, METER_UNPAIRED and GATT_REFUSED, and, after all was told that
 * could be read, RACP_REFUSED, RACP_ABORTED, METER_STALLED and TRANSPORT_GONE for what is missing.
 */
export async function* session(context: SessionContext<BleTransport>): AsyncGenerator<SessionEvent, void, void> {
  const meter = await openMeter(context);
  const { row, identity, notices } = meter;
  yield { type: "identity", identity, source: "meter", sourceName: null };
  const { deviceTime, fault } = await readClock(clockWay(context.transport, row), context, notices);
  if (fault !== null) yield unreadable(fault.problem, fault.raw);
  yield { type: "clock", deviceTime };
  const records = await openRecords(context, meter);
  const total = await countOf(records, "all");
  yield* readRecords(context, meter, records, total);
}

async function* readRecords(
  context: SessionContext<BleTransport>,
  { row, identity }: Meter,
  records: RacpProcedure,
  total: number | null,
): AsyncGenerator<SessionEvent, void, void> {
  const hasContexts = findCharacteristic(context.transport, GLUCOSE.context) !== null;
  const transfer = new Transfer(records, new Join(row, hasContexts), context.log);
  const { serial } = identity;
  const mayResume = row.sequenceLasts && serial !== null && total !== null;
  const cursor = mayResume ? parseCursor((await context.resume?.(serial)) ?? null) : null;
  let goesOnFromThere = false;
  if (cursor !== null && total !== null && fits(cursor, total)) {
    goesOnFromThere = yield* readNews(transfer, records, cursor, total);
    if (!goesOnFromThere) context.log.info({}, "the meter's records are not as they were left: all are read");
  }
  if (!goesOnFromThere) yield* readAll(transfer, total);
  for (const raw of records.takeStrangers()) {
    yield unreadable(new Problem("FRAME_MALFORMED", "It is no answer of a meter about its records."), raw);
  }
  const next = mayResume && total !== null ? cursorAfter(transfer.records, total) : null;
  if (next !== null) yield { type: "cursor", cursor: printCursor(next) };
}

/** Reads from the cursor's record on; true if that was all that is new. */
async function* readNews(
  transfer: Transfer,
  records: RacpProcedure,
  cursor: Cursor,
  total: number,
): AsyncGenerator<SessionEvent, boolean, void> {
  const range = { from: cursor.sequence };
  let count: number | null;
  try {
    count = await countOf(records, range);
    if (count === 0) return false;
    if (count !== null) yield { type: "expect", count };
    const isOver = yield* transfer.report(range, count);
    if (isOver) return goesOn(cursor, transfer.records, total);
  } catch (error) {
    // What it does not understand, it may still send when it is asked for everything.
    if (!isProblem(error, "RACP_REFUSED")) throw error;
    return false;
  }
  if (isShort(transfer, count) || !goesOn(cursor, transfer.records, total)) return false;
  yield* transfer.end();
  return true;
}

/** Reads everything, and once more if less came than the meter counts. Throws METER_STALLED if it is still less. */
async function* readAll(transfer: Transfer, total: number | null): AsyncGenerator<SessionEvent, void, void> {
  if (total !== null) yield { type: "expect", count: total };
  for (let asked = 0; asked === 0 || (asked < MOST_ASKED && isShort(transfer, total)); asked += 1) {
    const isOver = yield* transfer.report("all", total);
    if (isOver) return;
  }
  yield* transfer.end();
  if (total === null || !isShort(transfer, total)) return;
  const came = transfer.records.length;
  const what = `The meter counts ${total} records, and sent ${came} although it was asked twice.`;
  throw new Problem("METER_STALLED", what, { total, came });
}

/** Whether less has come than the meter counted. */
function isShort({ records }: Transfer, count: number | null): boolean {
  return count !== null && records.length < count;
}

/** How many records the meter has in that range; null from one that can't count them. */
async function countOf(records: RacpProcedure, range: "all" | { readonly from: number }): Promise<number | null> {
  try {
    return await records.count(range);
  } catch (error) {
    if (!isProblem(error, "RACP_REFUSED")) throw error;
    return null;
  }
}
