import type { SessionEvent } from "../../src/domain/reading.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import { setClock as setAbbottClock } from "../shared/abbott-text/set-clock.js";
import { type Family, tellMemory } from "../shared/abbott-text/tell.js";
import { DUMP_COMMAND, readIdentity, readRecord } from "./codec.js";

/** Longest wait for a dump's first lines on a shared cable, milliseconds: the question is put twice in that time. */
export const PROBE_WITHIN_MS = 2_000;

/**
 * Asks for the memory, which is all that this meter can be asked for, and tells it once its checksum is right. Only
 * reads. Throws METER_TIMEOUT if nothing answers, METER_REFUSED if the meter declines three times, FRAME_TRUNCATED,
 * FRAME_CHECKSUM or FRAME_MALFORMED if the memory did not come whole three times.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const probeUntil = context.patience === "probe" ? context.clock.now() + PROBE_WITHIN_MS : null;
  const question = { command: DUMP_COMMAND, probeUntil, answered: false };
  yield* tellMemory(context, new ByteReader(context), question, FAMILY);
}

/** Sets the clock (sheet a; sheet b knows no word for it). See the shared `setClock`. */
export function setClock(context: SetClockContext): Promise<string | null> {
  return setAbbottClock(context, DUMP_COMMAND);
}

const FAMILY: Family = {
  identity: ({ serial, version }) => readIdentity(serial, version),
  record: readRecord,
};
