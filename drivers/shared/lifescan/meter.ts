import type { Log } from "../../../src/domain/clock.js";
import { isProblem, Problem } from "../../../src/domain/problem.js";
import type { SessionEvent } from "../../../src/domain/reading.js";
import type { Dialogue } from "./dialogue.js";
import { type MemoryWords, readMemory } from "./memory.js";
import { isLost, type Question } from "./question.js";

/** Tries for an answer that the session can do without. */
const OPTIONAL_TRIES = 2;

/** What a meter of this family can be asked. */
export interface MeterWords extends MemoryWords {
  readonly model: string;
  readonly serial: Question<string>;
  readonly firmware: Question<string>;
  readonly unit: Question<"mg/dL" | "mmol/L">;
  /** What its clock shows, as it counts. */
  readonly clock: Question<number>;
  /** The count as wall-clock time. Throws FRAME_MALFORMED for a time that no clock shows. */
  wall(count: number): string;
  /** Sets the clock to what the wall shows at the moment of asking. */
  setClock(wallNow: () => string): Question<unknown>;
}

/**
 * The conversation of this family: who it is, its clock, its memory. Only reads. Throws what `Dialogue.identify` and
 * `readMemory` do, and METER_STALLED if the meter falls silent between.
 */
export async function* readMeter(
  dialogue: Dialogue,
  words: MeterWords,
  { log }: { readonly log: Log },
): AsyncGenerator<SessionEvent, void, void> {
  const serial = await dialogue.identify();
  // The unit before the software: an answer to one and to the clock look alike, and an echo of it must not come next.
  const displayUnit = await optional(dialogue, words.unit);
  const firmware = await optional(dialogue, words.firmware);
  yield {
    type: "identity",
    identity: { manufacturer: "LifeScan", model: words.model, serial, firmware, displayUnit },
    source: "meter",
    sourceName: null,
  };
  yield* readClock(dialogue, words, log);
  yield* readMemory(dialogue, words, log);
  await dialogue.close();
}

/** Sets the clock as `SerialDriver.setClock` describes. */
export async function setMeterClock(
  dialogue: Dialogue,
  words: Pick<MeterWords, "setClock" | "clock" | "wall">,
  context: { wallNow(): string },
): Promise<string | null> {
  await dialogue.identify();
  await dialogue.ask(words.setClock(() => context.wallNow()));
  const shown = await optional(dialogue, words.clock);
  await dialogue.close();
  if (shown === null) return null;
  try {
    return words.wall(shown);
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return null;
  }
}

/** The answer to a question that the session can do without; null if none comes. Throws if the meter is gone. */
export async function optional<T>(dialogue: Dialogue, question: Question<T>): Promise<T | null> {
  const outcome = await dialogue.tryAsk(question, OPTIONAL_TRIES);
  if (!isLost(outcome)) return outcome.value;
  if (outcome.fatal !== null) throw outcome.fatal;
  return null;
}

/** The clock is asked for last before the memory, and never left out silently: readings hang on it. */
export async function* readClock(
  dialogue: Dialogue,
  words: Pick<MeterWords, "clock" | "wall">,
  log: Log,
): AsyncGenerator<SessionEvent, void, void> {
  const outcome = await dialogue.tryAsk(words.clock);
  let problem: Problem | null = null;
  let deviceTime: string | null = null;
  if (isLost(outcome)) {
    if (outcome.fatal !== null) throw outcome.fatal;
    problem = outcome.problem;
  } else {
    try {
      deviceTime = words.wall(outcome.value);
    } catch (error) {
      if (!isProblem(error, "FRAME_MALFORMED")) throw error;
      problem = new Problem("FRAME_MALFORMED", "The meter's clock shows a time that no clock shows.");
    }
  }
  if (problem !== null) {
    log.warn({ code: problem.code }, "the meter shows no time");
    const raw = isLost(outcome) ? outcome.raw : outcome.frame.bytes;
    if (raw.length > 0) yield { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
  }
  yield { type: "clock", deviceTime };
}
