import { lineOf, notUnderstood, type Question } from "../question.js";
import { wallOf } from "../wall.js";

/** The number that the reader will give to its next record (sheet a, with a captured answer). */
export const NEXT_RECORD: Question<number> = {
  word: "$dbrnum?",
  size: "line",
  read(message) {
    const match = /^DB Record Number = ([0-9]{1,10})$/.exec(lineOf(message));
    const number = Number(match?.[1] ?? Number.NaN);
    if (!(number <= 0x1_0000_0000)) throw notUnderstood("An answer is no record number.", message);
    return number;
  },
};

/** What the clock shows: a wall time, or null while it is not set. */
export interface ShownClock {
  readonly deviceTime: string | null;
}

/**
 * The clock (sheet a): year without its century, month, day, hour, minute, second, whether it is set, and on readers other
 * than the Pro the seconds to add to get the user's time.
 */
export const CLOCK: Question<ShownClock> = {
  word: "$rdt?",
  size: "line",
  read(message) {
    const match = /^([0-9]{1,3}(?:,[0-9]{1,3}){6})(?:,(-?[0-9]{1,10}))?$/.exec(lineOf(message));
    if (match === null) throw notUnderstood("An answer is no clock.", message);
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, valid] = (match[1] ?? "")
      .split(",")
      .map(Number);
    if (valid !== 0 && valid !== 1) throw notUnderstood("An answer does not say whether the clock is set.", message);
    const wall = valid === 1 ? wallOf({ month, day, year, hour, minute, second }) : null;
    if (wall === null) return { deviceTime: null };
    const shown = new Date(Date.parse(`${wall}Z`) + 1_000 * Number(match[2] ?? 0)).toISOString();
    return { deviceTime: shown.startsWith("20") && shown.length === 24 ? shown.slice(0, 19) : null };
  },
};
