import { isProblem } from "../../src/domain/problem.js";
import type { ClockChange, SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { NO_TIME } from "./clock.js";
import type { Dialogue } from "./dialogue.js";
import { readPages } from "./memory.js";
import { u16, u32 } from "./packet.js";
import { cutPage, PAGE_TYPES } from "./page.js";
import { page, pageRange } from "./questions.js";
import { clockChanges, type OffsetSince, offsetsOf, readSettings } from "./settings.js";

/** Seconds by which the display's offset may differ from the settings' without having been set. */
const SAME_SECONDS = 60;
/** Pages of readings that are looked through, newest first, for a change that the settings do not tell. */
const MOST_SEARCHED = 32;
/** Display-only and backfilled EGVs: their display time is another's, or that of their arrival (sheets a and b). */
const OTHER_TIME = 0xa000;

/** What is known of the display's clock through time. */
interface KnownOffsets {
  readonly offsets: readonly OffsetSince[];
  readonly changes: readonly ClockChange[];
}

/**
 * Reads the settings: when the display was set, and by how much. Damage is thrown, as a change that is not known would
 * put readings in a wrong time; a record that the receiver itself holds damaged is told as unreadable.
 */
export async function* readOffsets(
  shown: { readonly system: number; readonly offset: number } | null,
  dialogue: Dialogue,
  context: SessionContext,
): AsyncGenerator<SessionEvent, KnownOffsets, void> {
  const records: OffsetSince[] = [];
  const pages = readPages(PAGE_TYPES.settings, dialogue, context);
  for (;;) {
    const next = await pages.next();
    if (next.done === true) {
      if (next.value !== null) throw next.value;
      break;
    }
    for (const piece of next.value.pieces) {
      if ("unreadable" in piece) {
        yield { type: "unreadable", unreadable: piece.unreadable };
        continue;
      }
      const since = readSettings(piece.record);
      if (since !== null) records.push(since);
    }
  }
  const last = records.length === 0 ? null : offsetsOf(records).at(-1);
  if (last && shown !== null && Math.abs(last.offset - shown.offset) > SAME_SECONDS) {
    context.log.warn({}, "the display was set and the settings do not tell when");
    const system = await shownSince(shown, dialogue, context);
    if (system > last.system) records.push({ system, offset: shown.offset });
  }
  const offsets = offsetsOf(records);
  return { offsets, changes: clockChanges(offsets) };
}

/** Since when readings are shown with the present offset, by the newest of them; now if none is. */
async function shownSince(
  shown: { readonly system: number; readonly offset: number },
  dialogue: Dialogue,
  { log }: SessionContext,
): Promise<number> {
  let since = shown.system;
  try {
    const range = await dialogue.ask(pageRange(PAGE_TYPES.egv));
    if (range === "empty") return since;
    const oldest = Math.max(range.first, range.last - MOST_SEARCHED + 1);
    for (let number = range.last; number >= oldest; number -= 1) {
      const { pieces } = cutPage(await dialogue.ask(page(PAGE_TYPES.egv, number)), PAGE_TYPES.egv);
      for (const piece of [...pieces].reverse()) {
        if (!("record" in piece) || (u16(piece.record, 8) & OTHER_TIME) !== 0) continue;
        const [system, display] = [u32(piece.record, 0), u32(piece.record, 4)];
        if (system === NO_TIME || display === NO_TIME) continue;
        if (Math.abs(display - system - shown.offset) > SAME_SECONDS) return since;
        since = system;
      }
    }
  } catch (error) {
    if (!isProblem(error, "METER_REFUSED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "readings can't be searched for it");
  }
  return since;
}
