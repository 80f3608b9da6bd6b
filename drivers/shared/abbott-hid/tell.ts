import { isProblem, type Problem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceReading, Unreadable } from "../../../src/domain/reading.js";
import type { Source } from "../../../src/domain/record.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { tellClock } from "./clock.js";
import { clockChangesOf, type LoggedChange, type Stamp } from "./clock-changes.js";
import { type Dialogue, isGivenUp } from "./dialogue.js";
import { type Log, readLog } from "./log.js";
import { FIRMWARE, type Question } from "./question.js";

/** One thing that a record tells. */
export type Told =
  | { readonly reading: SourceReading }
  | { readonly change: LoggedChange }
  | { readonly unreadable: Unreadable }
  /** Understood, and nothing to tell; the reason is counted. */
  | { readonly passedOver: string };

/** A log that a meter can be asked for. */
export interface LogWords {
  readonly word: string;
  /** What a record's line tells. Throws FRAME_MALFORMED for one that is not understood as a whole. */
  read(line: Uint8Array): readonly Told[];
}

/** What a meter of this family can be asked. */
export interface MeterWords {
  readonly model: string;
  readonly source: Source;
  readonly unit: Question<"mg/dL" | "mmol/L">;
  /** In the order in which they are asked for. The first one holds the clock changes of all. */
  readonly logs: readonly LogWords[];
}

/** How many readings are told at once. */
const PAGE = 100;

/**
 * The conversation of this family: who it is, its clock, its logs. Only reads. Nothing of a log is told before its
 * checksums and its count are right, and nothing before all logs have come, as the clock changes of one belong to
 * the readings of the others. A log that stays damaged, or is declined, is told as unreadable: those before it are told,
 * and the session ends with that problem. Throws what `Dialogue.open` does, and METER_STALLED if the meter falls silent.
 */
export async function* tellMeter(
  dialogue: Dialogue,
  words: MeterWords,
  context: Pick<SessionContext, "log">,
): AsyncGenerator<SessionEvent, void, void> {
  const serial = await dialogue.open();
  const firmware = await dialogue.askOptional(FIRMWARE);
  const displayUnit = await dialogue.askOptional(words.unit);
  const identity = { manufacturer: "Abbott", model: words.model, serial, firmware, displayUnit };
  yield { type: "identity", identity, source: words.source, sourceName: null };
  yield* tellClock(dialogue, context);

  const logs: { readonly log: Log; readonly words: LogWords }[] = [];
  let broken: { readonly problem: Problem; readonly raw: Uint8Array } | null = null;
  for (const logWords of words.logs) {
    const outcome = await dialogue.tryAsk({ word: logWords.word, size: "log", read: readLog });
    if (!isGivenUp(outcome)) {
      logs.push({ log: outcome.value, words: logWords });
      continue;
    }
    if (outcome.fatal !== null) {
      yield* tellBroken(outcome);
      throw outcome.fatal;
    }
    broken = outcome;
    break;
  }
  yield* tellLogs(logs, context);
  if (broken === null) return;
  yield* tellBroken(broken);
  throw broken.problem;
}

/** Tells what whole logs hold: clock changes, how many readings there are, and each of them in the order sent. */
function* tellLogs(
  logs: readonly { readonly log: Log; readonly words: LogWords }[],
  { log: diary }: Pick<SessionContext, "log">,
): Generator<SessionEvent, void, void> {
  const changes: LoggedChange[] = [];
  const counts = new Map<string, number>();
  let expected = 0;
  for (const told of allTold(logs)) {
    if ("change" in told) changes.push(told.change);
    else if ("passedOver" in told) counts.set(told.passedOver, (counts.get(told.passedOver) ?? 0) + 1);
    else expected += 1;
  }
  if (changes.length > 0) yield { type: "clockChanges", changes: clockChangesOf(changes, stampsOf(logs)) };
  if (logs.length > 0) yield { type: "expect", count: expected };
  let page: SourceReading[] = [];
  // Read a second time rather than kept: a full memory would be held twice.
  for (const told of allTold(logs)) {
    if ("reading" in told) page.push(told.reading);
    if (page.length === PAGE || ("unreadable" in told && page.length > 0)) {
      yield { type: "readings", readings: page };
      page = [];
    }
    if ("unreadable" in told) yield { type: "unreadable", unreadable: told.unreadable };
  }
  if (page.length > 0) yield { type: "readings", readings: page };
  if (counts.size > 0) diary.info(Object.fromEntries(counts), "records that hold no reading were passed over");
}

function* allTold(logs: readonly { readonly log: Log; readonly words: LogWords }[]): Generator<Told, void, void> {
  for (const { log, words } of logs) for (const line of log.lines()) yield* readLine(line, words);
}

function* stampsOf(logs: Parameters<typeof allTold>[0]): Generator<Stamp, void, void> {
  for (const told of allTold(logs)) {
    if (!("reading" in told)) continue;
    const { deviceTime, order } = told.reading;
    if (deviceTime !== null && order !== undefined) yield { order, wall: deviceTime };
  }
}

function readLine(line: Uint8Array, words: LogWords): readonly Told[] {
  try {
    return words.read(line);
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return [{ unreadable: { code: error.code, detail: error.message, raw: line } }];
  }
}

function* tellBroken(broken: {
  readonly problem: Problem;
  readonly raw: Uint8Array;
}): Generator<SessionEvent, void, void> {
  if (broken.raw.length === 0) return;
  const { code, message } = broken.problem;
  yield { type: "unreadable", unreadable: { code, detail: message, raw: broken.raw.slice() } };
}
