import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceIdentity } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { readCount, readIndex, readRecord, readSerial } from "./codec.js";
import type { Packet } from "./packet.js";
import { QuestionLine } from "./question.js";

/** A session's longest time: the most records at a tenth of a second each, three times over. */
const SESSION_MS = 60 * 60_000;
/** More records than any such meter holds. */
const MOST_RECORDS = 10_000;
/** Records that may stay damaged before the memory is given up. */
const LOST_RECORDS = 8;

/**
 * Asks for the serial number, the count, and each record, newest first; each is told as soon as its check bytes have proven
 * it. Only reads. The meter's clock can't be asked for. Throws METER_TIMEOUT if nothing answers, METER_STALLED if the meter
 * stops, FRAME_MALFORMED or FRAME_CHECKSUM if something else talks or a record stayed damaged.
 */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  const line = new QuestionLine(context);
  const identity = await greet(line, context);
  line.endIn(SESSION_MS);
  yield { type: "identity", identity, source: "meter", sourceName: null };
  yield { type: "clock", deviceTime: null };
  const count = readCount((await line.ask("count")).data);
  if (count > MOST_RECORDS) throw new Problem("FRAME_MALFORMED", `The meter says to hold ${count} records.`);
  yield { type: "expect", count };
  yield* readMemory(line, count, context);
}

/** Who it is. Throws as the session does; in a probe METER_TIMEOUT or FRAME_MALFORMED only. */
export async function greet(line: QuestionLine, context: SessionContext<HidTransport>): Promise<SourceIdentity> {
  let serial: string | null = null;
  try {
    const { data } = await line.ask("serial");
    serial = serialOf(data, context);
  } catch (error) {
    if (context.patience !== "probe") throw error;
    if (isProblem(error, "METER_STALLED")) throw new Problem("METER_TIMEOUT");
    if (isProblem(error, "FRAME_CHECKSUM", "FRAME_TRUNCATED")) throw new Problem("FRAME_MALFORMED", error.message);
    throw error;
  }
  // One device under several names, which nothing that it sends tells apart.
  return { manufacturer: "Allmedicus", model: "AGM-4000", serial, firmware: null, displayUnit: null };
}

function serialOf(data: Uint8Array, { log }: SessionContext<HidTransport>): string | null {
  try {
    return readSerial(data);
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    log.warn({}, "the meter's serial number is none that can be read");
    return null;
  }
}

async function* readMemory(
  line: QuestionLine,
  count: number,
  { log }: SessionContext<HidTransport>,
): AsyncGenerator<SessionEvent, void, void> {
  const seen = new Set<number>();
  let damage: Problem | null = null;
  let lost = 0;
  for (let number = 0; number < count; number += 1) {
    let raw: Uint8Array = new Uint8Array();
    let answer: Packet;
    try {
      answer = await line.ask("record", [number >> 8, number & 0xff], {
        // A record numbers itself: one that came before answers an earlier question, late or doubled.
        isNew: (packet) => {
          raw = packet.raw;
          return !seen.has(readIndex(packet.data));
        },
        damaged: (report) => {
          raw = report;
        },
      });
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
      log.warn({ code: error.code, number }, "a record stays damaged");
      damage ??= error;
      lost += 1;
      yield unreadable(error, raw);
      if (lost > LOST_RECORDS) break;
      continue;
    }
    seen.add(readIndex(answer.data));
    yield told(answer);
  }
  if (damage !== null) throw damage;
}

function told({ data, raw }: Packet): SessionEvent {
  try {
    return { type: "readings", readings: [readRecord(data, raw)] };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return unreadable(error, raw);
  }
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
