import type { SessionEvent } from "../../../../src/domain/reading.js";
import type { SessionContext, SetClockContext } from "../../../../src/kit/driver.js";
import type { HidTransport } from "../../../../src/kit/transport.js";
import { Dialogue } from "../dialogue.js";
import { serialQuestion, unitQuestion } from "../question.js";
import { setClock } from "../set-clock.js";
import { tellMeter } from "../tell.js";
import type { LibreColumns } from "./columns.js";
import { readEvent } from "./event.js";
import { readHistory } from "./history.js";

/** Longest wait for a first answer where other meters may be meant, milliseconds. */
export const LIBRE_PROBE_MS = 3_000;

/** In what the readers differ. */
export interface LibreReader {
  /** As it is sold. */
  readonly model: string;
  /** The layouts that its records may have; told apart by their number of columns. */
  readonly columns: readonly LibreColumns[];
}

/**
 * The conversation with a reader of Libre sensors, in text: who it is, its clock, what the person did (`$arresult?`, with the
 * clock changes), the sensor's own values (`$history?`). Only reads. An encrypted reader is read the same way over a
 * transport that encrypts: it must give reports of 64 bytes. See `tellMeter`.
 */
export async function* libreSession(
  context: SessionContext<HidTransport>,
  reader: LibreReader,
): AsyncGenerator<SessionEvent, void, void> {
  const { model, columns } = reader;
  const words = {
    model,
    source: "cgm",
    unit: unitQuestion("$uom?"),
    logs: [
      { word: "$arresult?", read: (line: Uint8Array) => readEvent(line, columns) },
      { word: "$history?", read: (line: Uint8Array) => readHistory(line, columns) },
    ],
  } as const;
  yield* tellMeter(dialogueOf(context), words, context);
}

/** Sets the reader's clock. See the shared `setClock`, and what a session throws if the reader does not say who it is. */
export async function setLibreClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const dialogue = dialogueOf(context);
  await dialogue.open();
  return await setClock(dialogue, () => context.wallNow());
}

function dialogueOf(context: SessionContext<HidTransport>): Dialogue {
  return new Dialogue(context, serialQuestion("$sn?"), LIBRE_PROBE_MS);
}
