import type { Log } from "../../src/domain/clock.js";
import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { concat } from "../../src/kit/bytes.js";
import { recordEvent } from "../shared/isens/meter-reading.js";
import type { QuestionLine } from "../shared/isens/question-line.js";
import { Tally } from "../shared/isens/tally.js";
import { isEqual, Unproven } from "../shared/isens/twice.js";
import { readCount } from "./codec.js";
import { ask, askOnce, retried } from "./dialogue.js";
import { COMMANDS, FRAME_BYTES, recordNumber } from "./frame.js";
import { readRecord } from "./record.js";

/** Records in a row that could not be had after which the memory is given up. */
const FAILURES = 5;
/** How often the memory is read from its beginning because it changed meanwhile, and once more the first time. */
const PASSES = 3;

/**
 * Reads the memory, newest record first. A test that is taken meanwhile shifts every number by one, and in a full memory
 * the count stays: so a reading is told only when its time was the same before and after its value, and the memory is
 * read again, for what is new, if in the end the count or the first record is another. Throws METER_STALLED at once when
 * the meter falls silent, METER_CHANGED if it names another serial number then, and, at the end, what damaged a record.
 *
 * @param askSerial asks the meter once more who it is
 */
export async function* readMemory(
  line: QuestionLine,
  serial: string,
  askSerial: () => Promise<string>,
  log: Log,
): AsyncGenerator<SessionEvent, void, void> {
  const tally = new Tally();
  for (let pass = 1; ; pass += 1) {
    const count = readCount(await ask(line, COMMANDS.count));
    yield { type: "expect", count };
    const isSettled = yield* readOnce(line, count, tally);
    if (isSettled) return;
    if (pass === PASSES) {
      log.warn({ passes: PASSES }, "tests were taken all the while; what is still missing is found the next time");
      return;
    }
    if ((await askSerial()) !== serial) throw new Problem("METER_CHANGED");
  }
}

/** By what a memory is known to have moved: how many tests it holds, and the first of them; null if that can't be had. */
interface Top {
  readonly count: number;
  readonly first: Uint8Array | null;
}

/** One pass over the memory; true if it was at its end what it was at its beginning. */
async function* readOnce(line: QuestionLine, count: number, tally: Tally): AsyncGenerator<SessionEvent, boolean, void> {
  tally.beginPass();
  let top: Top = { count, first: null };
  let before: Uint8Array | null = null;
  let damage: Problem | null = null;
  let [failures, moves] = [0, 0];
  for (let index = 0; index < top.count; index += 1) {
    const record: Uint8Array | Unproven = await prove(line, index);
    if (record instanceof Unproven) {
      failures += 1;
      damage ??= record.problem;
      yield* record.events();
      if (record.isSilence || failures === FAILURES) throw record.problem;
      continue;
    }
    failures = 0;
    if (before !== null && isEqual(record, before)) {
      // Two tests alike, taken in one minute; or the one before, which a new test moved on by one.
      const now = await readTop(line);
      if (!isSame(now, top)) {
        moves += 1;
        top = now;
        continue;
      }
    }
    before = record;
    if (index === 0) top = { count, first: record };
    if (tally.isNews(record)) yield tell(record);
  }
  if (damage !== null) throw damage;
  return count === 0 || (moves === 0 && isSame(await readTop(line), top));
}

/** The messages of one record, proven to belong together. */
async function prove(line: QuestionLine, index: number): Promise<Uint8Array | Unproven> {
  let raw: Uint8Array = new Uint8Array();
  const record = await retried(async () => {
    const once = await askRecord(line, index);
    if (line.heard.length > 0) raw = line.heard;
    return once;
  });
  return record instanceof Problem ? new Unproven(record, raw) : record;
}

/** Time, value, time again: 24 bytes. What is another the second time was another record's. */
async function askRecord(line: QuestionLine, index: number): Promise<Uint8Array | Problem> {
  const number = recordNumber(index);
  const time = await askOnce(line, COMMANDS.recordTime, number);
  if (time instanceof Problem) return time;
  const value = await askOnce(line, COMMANDS.recordValue, number);
  if (value instanceof Problem) return value;
  const again = await askOnce(line, COMMANDS.recordTime, number);
  if (again instanceof Problem) return again;
  if (isEqual(time, again)) return concat([time, value, again]);
  line.damaged();
  return new Problem("FRAME_CHECKSUM", "A record's time was another after its value than before.");
}

async function readTop(line: QuestionLine): Promise<Top> {
  const count = readCount(await ask(line, COMMANDS.count));
  const first = count === 0 ? null : await prove(line, 0);
  if (first instanceof Unproven) throw first.problem;
  return { count, first };
}

function isSame(now: Top, top: Top): boolean {
  return now.count === top.count && (now.first === null || top.first === null || isEqual(now.first, top.first));
}

function tell(record: Uint8Array): SessionEvent {
  const [time, value] = [record.subarray(0, FRAME_BYTES), record.subarray(FRAME_BYTES, 2 * FRAME_BYTES)];
  return recordEvent(() => readRecord(time, value, record), record);
}
