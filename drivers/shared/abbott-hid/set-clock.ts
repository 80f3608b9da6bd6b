import { isProblem, Problem } from "../../../src/domain/problem.js";
import { wallMs } from "../../../src/domain/zone.js";
import { readClock } from "./clock.js";
import { type Dialogue, isGivenUp } from "./dialogue.js";
import { notUnderstood, type Question } from "./question.js";

/** The words take minutes only, so the clock may be half a minute off, and as much again until it is read back. */
const TOLERANCE_MS = 90_000;
/** How often it is set until it shows the time: midnight may fall between the two words. */
const ROUNDS = 2;
/** Two digits of year are of this century (both sheets). */
const CENTURY = /^20[0-9]{2}-/;

/**
 * Sets date and time, to the nearest minute, of a meter that has told who it is, and reads them back: gives what it shows, or
 * null if that can't be read. Throws METER_REFUSED if the meter declines or shows another time afterwards.
 */
export async function setClock(dialogue: Dialogue, wallNow: () => string): Promise<string | null> {
  let declined: Problem | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    declined = (await order(dialogue, dateWord(wallNow()))) ?? (await order(dialogue, timeWord(wallNow())));
    const deviceTime = await readBack(dialogue);
    if (deviceTime === null && declined === null) return null;
    if (deviceTime !== null && Math.abs(wallMs(deviceTime) - wallMs(wallNow())) <= TOLERANCE_MS) return deviceTime;
  }
  throw declined ?? new Problem("METER_REFUSED", "The meter was told the time, but shows another one.");
}

/** What the clock shows; null if that can't be read: whether the words were heard is unknown then, which is no refusal. */
async function readBack(dialogue: Dialogue): Promise<string | null> {
  try {
    return (await readClock(dialogue)).deviceTime;
  } catch (error) {
    if (!isProblem(error, "METER_STALLED")) throw error;
    return null;
  }
}

/** Gives the refusal if the meter declines. An answer that is lost is no refusal: what the clock shows then tells. */
async function order(dialogue: Dialogue, word: string): Promise<Problem | null> {
  const outcome = await dialogue.tryAsk(done(word), 1);
  if (!isGivenUp(outcome)) return null;
  if (outcome.fatal !== null) throw outcome.fatal;
  return outcome.problem.code === "METER_REFUSED" ? outcome.problem : null;
}

/** `$date,M,D,YY` and `$time,H,M` (both sheets), without leading zeros, as the meter writes them (sheet b). */
function dateWord(wall: string): string {
  const [year, month, day] = nearestMinute(wall);
  return `$date,${month},${day},${year}`;
}

function timeWord(wall: string): string {
  const [, , , hour, minute] = nearestMinute(wall);
  return `$time,${hour},${minute}`;
}

function nearestMinute(wall: string): readonly number[] {
  const minute = new Date(Math.round(wallMs(wall) / 60_000) * 60_000).toISOString();
  if (!CENTURY.test(minute)) throw new Problem("METER_REFUSED", "The meter knows the years 2000 to 2099 only.");
  return [2, 5, 8, 11, 14].map((at) => Number(minute.slice(at, at + 2)));
}

/** What was done is answered with an empty message (sheet a; sheet b). */
function done(word: string): Question<true> {
  return {
    word,
    size: "line",
    read(message) {
      if (message.some((byte) => byte > 0x20)) throw notUnderstood("An answer is not empty.", message);
      return true;
    },
  };
}
