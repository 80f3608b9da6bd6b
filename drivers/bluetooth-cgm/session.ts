import { asProblem, isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { BleDriver, SessionContext } from "../../src/kit/driver.js";
import type { BleTransport, GattName } from "../../src/kit/transport.js";
import { minutesLater } from "../shared/gatt/date-time.js";
import { type DeviceInformation, readDeviceInformation } from "../shared/gatt/device-information.js";
import { findCharacteristic } from "../shared/gatt/names.js";
import { Notices } from "../shared/gatt/notices.js";
import type { RacpRange } from "../shared/gatt/racp.js";
import { RacpProcedure } from "../shared/gatt/racp-procedure.js";
import { cursorAfter, cursorIn, cursorText, fits, goesOn } from "./cursor.js";
import { CGM } from "./names.js";
import { Transfer, type TransferFacts, unreadable } from "./transfer.js";
import { type Feature, readFeature, readStartTime, readStatus, UNKNOWN_FEATURE } from "./values.js";

/** Nobody else is asked over this link: it is the CGM's own. */
export const PROBE: BleDriver["probe"] = { rank: 10, withinMs: 35_000 };
/** Before the first request for records: devices that are asked sooner decline (the Glucose Profile's sheets: 500 ms). */
const SETTLING_MS = 500;
/** How often records are sent for while fewer came than the CGM counts. */
const ROUNDS = 3;

/**
 * Asks who the CGM is, what it measures, when its session began and how many minutes ago that is, and reads its records:
 * those that are new since the cursor, if that still fits, else all of them. Only reads. Throws METER_UNSUPPORTED,
 * METER_UNPAIRED and GATT_REFUSED; FRAME_MALFORMED if the CGM does not know when its session began; and, after all was told
 * that could be read, RACP_REFUSED, RACP_ABORTED, METER_STALLED and TRANSPORT_GONE for what is missing.
 */
export async function* session(context: SessionContext<BleTransport>): AsyncGenerator<SessionEvent, void, void> {
  const { transport, signal, log } = context;
  for (const name of [CGM.measurement, CGM.startTime, CGM.recordAccess]) {
    if (findCharacteristic(transport, name) !== null) continue;
    throw new Problem("METER_UNSUPPORTED", `It has no ${name.characteristic} in the CGM Service.`);
  }
  const information = await readDeviceInformation(transport, signal);
  yield { type: "identity", identity: { ...information, displayUnit: null }, source: "cgm", sourceName: null };
  const feature = yield* tryValue(context, CGM.feature, readFeature, UNKNOWN_FEATURE);
  const { hasCrc } = feature;
  const startTime = yield* demandStartTime(context, hasCrc);
  const status = yield* tryValue(context, CGM.status, (bytes) => readStatus(bytes, hasCrc), null);
  // The minutes of a session that has stopped may stand still: then they are no clock.
  const minutes = status === null || status.stopped ? null : status.minutes;
  yield { type: "clock", deviceTime: minutes === null ? null : minutesLater(startTime, minutes) };
  const records = await openRecords(context);
  yield* readRecords(context, information, records, { startTime, minutes, feature, log });
}

/** A value that the session can do without; `none` if it is not there, is declined or not understood. */
async function* tryValue<T>(
  { transport, signal, log }: SessionContext<BleTransport>,
  name: GattName,
  read: (bytes: Uint8Array) => T,
  none: T,
): AsyncGenerator<SessionEvent, T, void> {
  if (findCharacteristic(transport, name) === null) return none;
  try {
    const bytes = await transport.readValue(name, signal);
    try {
      return read(bytes);
    } catch (error) {
      yield unreadable({ problem: asProblem(error), raw: bytes });
    }
  } catch (error) {
    if (!isProblem(error, "GATT_REFUSED")) throw error;
    log.warn({ characteristic: name.characteristic, att: error.context["att"] ?? null }, "the CGM declines to tell");
  }
  return none;
}

/** When the session began: without it no record has a time. It is told as unreadable, and thrown, if it is no time. */
async function* demandStartTime(
  { transport, signal }: SessionContext<BleTransport>,
  hasCrc: Feature["hasCrc"],
): AsyncGenerator<SessionEvent, string, void> {
  const bytes = await transport.readValue(CGM.startTime, signal);
  try {
    return readStartTime(bytes, hasCrc);
  } catch (error) {
    const problem = asProblem(error);
    yield unreadable({ problem, raw: bytes });
    yield { type: "clock", deviceTime: null };
    throw new Problem(
      problem.code,
      "The CGM does not tell when its session began: no record has a time.",
      problem.context,
    );
  }
}

async function openRecords(context: SessionContext<BleTransport>): Promise<RacpProcedure> {
  const { transport, clock, signal } = context;
  await transport.subscribe(CGM.measurement, signal);
  await transport.subscribe(CGM.recordAccess, signal);
  await clock.sleep(SETTLING_MS, signal);
  return new RacpProcedure({ transport, clock, signal, notices: new Notices(context), point: CGM.recordAccess });
}

async function* readRecords(
  context: SessionContext<BleTransport>,
  { serial }: DeviceInformation,
  records: RacpProcedure,
  facts: TransferFacts,
): AsyncGenerator<SessionEvent, void, void> {
  const transfer = new Transfer(records, facts);
  const total = await countOf(records, "all");
  const mayResume = serial !== null && total !== null;
  const cursor = mayResume ? cursorIn((await context.resume?.(serial)) ?? null) : null;
  let isRead = false;
  let came = 0;
  if (cursor !== null && total !== null && fits(cursor, facts.startTime, total)) {
    const understood = yield* readNews(transfer, records, cursor.minutes);
    came = transfer.came({ from: cursor.minutes }, "any");
    isRead = understood && goesOn(cursor, transfer.records, came, total);
    if (!isRead) context.log.info({}, "the CGM's records are not as they were left: all are read");
  }
  if (!isRead) yield* readRange(transfer, records, "all", total);
  // The cursor's own record came once more.
  const count = isRead && cursor !== null ? cursor.count + came - 1 : transfer.came("all", "any");
  const next = mayResume ? cursorAfter(facts.startTime, transfer.records, count) : null;
  if (next !== null) yield { type: "cursor", cursor: cursorText(next) };
}

/** Reads from that minute on; false from a CGM that does not understand the range, but may send everything. */
async function* readNews(
  transfer: Transfer,
  records: RacpProcedure,
  from: number,
): AsyncGenerator<SessionEvent, boolean, void> {
  try {
    const range = { from };
    yield* readRange(transfer, records, range, await countOf(records, range));
    return true;
  } catch (error) {
    if (!isProblem(error, "RACP_REFUSED")) throw error;
    return false;
  }
}

/**
 * Reads a range of which the CGM counts that many, and again while fewer came or one arrived damaged. Throws METER_STALLED,
 * or what is wrong with a damaged record, if that is so in the end.
 */
async function* readRange(
  transfer: Transfer,
  records: RacpProcedure,
  range: RacpRange,
  counted: number | null,
): AsyncGenerator<SessionEvent, void, void> {
  let count = counted;
  if (count !== null) yield { type: "expect", count };
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      yield* transfer.report(range, count);
      let isWhole = count === null || transfer.came(range, "counted") >= count;
      if (!isWhole) {
        // Counted anew, what has come meanwhile is counted too.
        count = (await countOf(records, range)) ?? count;
        isWhole = count === null || transfer.came(range, "any") >= count;
      }
      if (isWhole && transfer.damage === null) {
        yield* transfer.end();
        return;
      }
    }
  } catch (error) {
    yield* transfer.end();
    throw error;
  }
  yield* transfer.end();
  const came = transfer.came(range, "any");
  if (transfer.damage !== null) throw transfer.damage;
  throw new Problem("METER_STALLED", `The CGM counts ${count} records, and sent ${came}.`, { count, came });
}

/** How many records the CGM has in that range; null from one that can't count them. */
async function countOf(records: RacpProcedure, range: RacpRange): Promise<number | null> {
  try {
    return await records.count(range);
  } catch (error) {
    if (!isProblem(error, "RACP_REFUSED")) throw error;
    return null;
  }
}
