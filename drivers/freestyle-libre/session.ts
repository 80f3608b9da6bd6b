import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { LIBRE_COLUMNS } from "../shared/abbott-hid/libre/columns.js";
import { libreSession, setLibreClock } from "../shared/abbott-hid/libre/text-session.js";

const READER = { model: "FreeStyle Libre", columns: [LIBRE_COLUMNS] } as const;

/** Asks the reader who it is, what its clock shows, and for its two logs. Only reads. See the shared `libreSession`. */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  yield* libreSession(context, READER);
}

/** Sets the clock and reads it back. See the shared `setClock`, and what a session throws if the reader does not say who it is. */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  return await setLibreClock(context);
}
