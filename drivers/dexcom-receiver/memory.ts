import { isProblem, type Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { Dialogue } from "./dialogue.js";
import { cutPage, type PageTold, type PageType, salvage } from "./page.js";
import { page, pageRange } from "./questions.js";

/** Pages in a row that may arrive damaged before the session is given up. */
const MOST_DAMAGED = 3;

/**
 * Reads all pages of one type, oldest first, and gives each as it comes. A page that stays damaged or is refused gives
 * what its own CRCs prove, and the next one follows; what was wrong with the first of them is returned. Where the
 * conversation breaks off, what had come of the page is given too, and then thrown what `Dialogue.ask` throws.
 */
export async function* readPages(
  type: PageType,
  dialogue: Dialogue,
  { signal, log }: SessionContext,
): AsyncGenerator<PageTold, Problem | null, void> {
  const range = await dialogue.ask(pageRange(type));
  if (range === "empty") return null;
  let damage: Problem | null = null;
  let inARow = 0;
  for (let number = range.first; number <= range.last; number += 1) {
    let told: PageTold;
    try {
      told = cutPage(await dialogue.ask(page(type, number)), type);
      inARow = 0;
    } catch (error) {
      if (signal.aborted || !isProblem(error)) throw error;
      yield salvage(dialogue.torn, type, number, error.code);
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED", "METER_REFUSED")) throw error;
      log.warn({ type, page: number, code: error.code }, "a page can't be read");
      damage ??= error;
      inARow += 1;
      if (inARow >= MOST_DAMAGED) throw error;
      continue;
    }
    yield told;
  }
  return damage;
}
