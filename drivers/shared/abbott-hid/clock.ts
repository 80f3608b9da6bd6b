import type { SessionEvent } from "../../../src/domain/reading.js";
import { concat } from "../../../src/kit/bytes.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import type { Dialogue } from "./dialogue.js";
import { numbersOf, type Question } from "./question.js";
import { wallOf } from "./wall.js";

/** What a lost clock shows in place of each number (both sheets). */
const LOST = 255;

/** The meter's clock as it shows it. */
export interface Shown {
  /** Wall time; null if it was lost, can't be read, or is none that exists. */
  readonly deviceTime: string | null;
  /** What was shown instead of a time that exists; null else. */
  readonly strange: Uint8Array | null;
}

interface Part {
  readonly numbers: readonly number[];
  readonly raw: Uint8Array;
}

/** Month, day, year without its century (sheet b, sample). */
const DATE = part("$date?", 3);
/** Hour and minute; there are no seconds (both sheets). */
const TIME = part("$time?", 2);

/**
 * Reads the clock. Date and time are two questions, so the date is asked for again behind the time, and the time once
 * more if midnight was between: else a clock would be told a whole day wrong.
 */
export async function readClock(dialogue: Dialogue): Promise<Shown> {
  const before = await dialogue.askOptional(DATE);
  let time = before === null ? null : await dialogue.askOptional(TIME);
  const date = time === null ? null : await dialogue.askOptional(DATE);
  if (before === null || time === null || date === null) return { deviceTime: null, strange: null };
  if (date.numbers.join() !== before.numbers.join()) time = await dialogue.askOptional(TIME);
  if (time === null) return { deviceTime: null, strange: null };
  const [month = 0, day = 0, year = 0] = date.numbers;
  const [hour = 0, minute = 0] = time.numbers;
  const isLost = [...date.numbers, ...time.numbers].includes(LOST);
  const deviceTime = wallOf({ month, day, year, hour, minute, second: 0 });
  return { deviceTime, strange: deviceTime === null && !isLost ? concat([date.raw, time.raw]) : null };
}

/** Tells the clock, and what it showed if that is no time. */
export async function* tellClock(
  dialogue: Dialogue,
  { log }: Pick<SessionContext, "log">,
): AsyncGenerator<SessionEvent, void, void> {
  const { deviceTime, strange } = await readClock(dialogue);
  if (deviceTime === null) log.warn({}, "the meter shows no time");
  if (strange !== null) {
    const detail = "The meter's clock shows a time that does not exist.";
    yield { type: "unreadable", unreadable: { code: "FRAME_MALFORMED", detail, raw: strange } };
  }
  yield { type: "clock", deviceTime };
}

function part(word: string, count: number): Question<Part> {
  return { word, size: "line", read: (message) => ({ numbers: numbersOf(message, count), raw: message.slice() }) };
}
