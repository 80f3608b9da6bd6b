import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { reportStream } from "../shared/cp2110/report-stream.js";
import { session as streamSession } from "../shared/isens/session.js";
import { setClock as setStreamClock } from "../shared/isens/set-clock.js";
import { shinePacking } from "./packing.js";

/** Reads the meter through its reports, as over a serial cable. Only reads. Throws what that does. */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  yield* streamSession({ ...context, transport: reportStream(context.transport, shinePacking) });
}

/** Sets the meter's clock and reads it back. Throws what the setting over a serial cable does. */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const transport = reportStream(context.transport, shinePacking);
  return await setStreamClock({ ...context, transport, wallNow: () => context.wallNow() });
}
