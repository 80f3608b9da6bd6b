import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { Dialogue } from "../shared/abbott-hid/dialogue.js";
import { serialQuestion, unitQuestion } from "../shared/abbott-hid/question.js";
import { tellMeter } from "../shared/abbott-hid/tell.js";
import { RESULT_WORD, readRecord } from "./codec.js";

/** Longest wait for a first answer where other meters may be meant, milliseconds. */
export const PROBE_WITHIN_MS = 3_000;

const WORDS = {
  model: "FreeStyle InsuLinx",
  source: "meter",
  unit: unitQuestion("$gunits?"),
  logs: [{ word: RESULT_WORD, read: readRecord }],
} as const;

/** Asks the meter who it is, what its clock shows, and for its memory. Only reads. See the shared `tellMeter`. */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  yield* tellMeter(dialogueOf(context), WORDS, context);
}

/** The conversation's questions, for setting the clock too. */
export function dialogueOf(context: SessionContext<HidTransport> | SetClockContext<HidTransport>): Dialogue {
  return new Dialogue(context, serialQuestion("$serlnum?"), PROBE_WITHIN_MS);
}
