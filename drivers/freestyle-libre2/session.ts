import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { encryptedHid } from "../shared/abbott-hid/encryption/encrypted-hid.js";
import { LIBRE_2_COLUMNS, LIBRE_3_COLUMNS } from "../shared/abbott-hid/libre/columns.js";
import { LIBRE_PROBE_MS, libreSession, setLibreClock } from "../shared/abbott-hid/libre/text-session.js";
import { constantKeys } from "./keys.js";

/** Longest wait for a first answer where other meters may be meant, milliseconds: the handshake's, and the text's. */
export const PROBE_WITHIN_MS: number = LIBRE_PROBE_MS + 3_000;

/** Both are read by this driver, and neither says in a known way which one it is. */
const READER = { model: "FreeStyle Libre 2 or 3 reader", columns: [LIBRE_2_COLUMNS, LIBRE_3_COLUMNS] } as const;

/**
 * Makes the conversation safe with the user's keys, then reads as from a FreeStyle Libre: see `encryptedHid` and `libreSession`.
 * Throws METER_UNSUPPORTED without keys, before anything is sent.
 */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  yield* libreSession({ ...context, transport: await safeTransport(context) }, READER);
}

/** Sets the clock and reads it back, after the same handshake. See the shared `setLibreClock`. */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const transport = await safeTransport(context);
  return await setLibreClock({ ...context, transport, wallNow: () => context.wallNow() });
}

async function safeTransport(context: SessionContext<HidTransport>): Promise<HidTransport> {
  const keys = constantKeys(context.keys);
  return await encryptedHid(context, keys, context.random ?? systemRandom);
}

function systemRandom(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
