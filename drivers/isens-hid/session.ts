import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { openCp2110 } from "../shared/cp2110/bridge.js";
import { session as streamSession } from "../shared/isens/session.js";
import { setClock as setStreamClock } from "../shared/isens/set-clock.js";
import { BAUD_RATE } from "./link.js";

/** Switches the cable's line on and reads the meter behind it, as over any other cable. Only reads. Throws what that does. */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  const transport = await openCp2110(context.transport, BAUD_RATE, context.signal);
  yield* streamSession({ ...context, transport });
}

/** Sets the clock of the meter behind the cable and reads it back. Throws what the setting over any other cable does. */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const transport = await openCp2110(context.transport, BAUD_RATE, context.signal);
  return await setStreamClock({ ...context, transport, wallNow: () => context.wallNow() });
}
