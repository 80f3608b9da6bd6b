import type { SessionEvent } from "../../src/domain/reading.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import type { SessionContext, SetClockContext } from "../../src/kit/driver.js";
import { setClock as setAbbottClock } from "../shared/abbott-text/set-clock.js";
import { tellMemory } from "../shared/abbott-text/tell.js";
import { askInfo } from "./ask-info.js";
import { DUMP_COMMAND, readIdentity, readRecord } from "./codec.js";

/** Longest wait for a first answer where other meters are tried too, milliseconds: twice one word, then the other. */
export const PROBE_WITHIN_MS = 3_000;

/**
 * Asks the meter about itself, which only adds the unit that it shows, then for its memory, and tells that once its
 * checksum is right. Only reads. Throws METER_TIMEOUT if nothing answers, METER_STALLED if the meter answered before and
 * is silent now, METER_REFUSED if it declines three times, FRAME_TRUNCATED, FRAME_CHECKSUM or FRAME_MALFORMED if the
 * memory did not come whole three times.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const probeUntil = context.patience === "probe" ? context.clock.now() + PROBE_WITHIN_MS : null;
  const reader = new ByteReader(context);
  const { info, answered } = await askInfo(context, reader);
  const question = { command: DUMP_COMMAND, probeUntil: info === null ? probeUntil : null, answered };
  yield* tellMemory(context, reader, question, {
    // An answer without a checksum must not lend its unit to another meter.
    identity: ({ serial, version }) => readIdentity(serial, version, info?.serial === serial ? info.displayUnit : null),
    record: readRecord,
  });
}

/** Sets the clock. See the shared `setClock`. */
export function setClock(context: SetClockContext): Promise<string | null> {
  return setAbbottClock(context, DUMP_COMMAND);
}
