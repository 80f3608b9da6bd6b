import type { Clock } from "../../../src/domain/clock.js";
import { isProblem, type Problem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceIdentity, SourceReading } from "../../../src/domain/reading.js";
import type { ByteReader } from "../../../src/kit/byte-reader.js";
import { latin1 } from "../../../src/kit/bytes.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { wallOf } from "./date.js";
import type { ProvenDump } from "./frame.js";
import { askMemory, type MemoryQuestion } from "./memory.js";

/** In what the families of meters differ once their memory is there. */
export interface Family {
  /** What the first lines say about the meter. */
  identity(dump: ProvenDump): SourceIdentity;
  /** One record's line as a reading. Throws FRAME_MALFORMED. */
  record(line: Uint8Array): SourceReading;
}

/** Silence by which a line is known to be quiet, and how long at most it is listened to for that. */
const QUIET_MS = 200;
const SETTLE_MS = 25_000;

/**
 * Asks for the memory and, once it is proven, tells all of it: who the meter is, its clock, how many readings there are,
 * and each of them; a record that is not understood is told as unreadable in its place. If no proven memory comes, what
 * came is told as one unreadable, and the problem is thrown.
 */
export async function* tellMemory(
  context: SessionContext,
  reader: ByteReader,
  question: MemoryQuestion,
  family: Family,
): AsyncGenerator<SessionEvent, void, void> {
  const outcome = await askMemory(context, reader, question);
  if (outcome.dump === null) {
    if (outcome.broken !== null) yield { type: "unreadable", unreadable: outcome.broken };
    throw outcome.error;
  }
  const { dump } = outcome;
  yield { type: "identity", identity: family.identity(dump), source: "meter", sourceName: null };
  const deviceTime = dump.clockProven ? clockOf(dump) : null;
  if (deviceTime === null && dump.clockProven) {
    const detail = "The meter's clock shows no time that exists.";
    yield { type: "unreadable", unreadable: { code: "FRAME_MALFORMED", detail, raw: dump.clock } };
  }
  yield { type: "clock", deviceTime };
  yield { type: "expect", count: dump.records.length };
  for (const line of dump.records) {
    const reading = attempt(() => family.record(line));
    if ("raw" in reading) yield { type: "readings", readings: [reading] };
    else yield { type: "unreadable", unreadable: { code: reading.code, detail: reading.message, raw: line } };
  }
  await settle(reader, context.clock);
}

/** What the clock's line shows (both sheets: with seconds), or null. */
export function clockOf({ clock }: Pick<ProvenDump, "clock">): string | null {
  return wallOf(latin1(clock).replace(/\r?\n$/, ""), "seconds");
}

/** Takes what still comes (an ETX, an answer that came twice) until the line is quiet. */
export async function settle(reader: ByteReader, clock: Clock): Promise<void> {
  const deadline = clock.now() + SETTLE_MS;
  do reader.skip(reader.waiting.length);
  while (clock.now() < deadline && (await reader.more(QUIET_MS)));
}

function attempt(read: () => SourceReading): SourceReading | Problem {
  try {
    return read();
  } catch (error) {
    if (isProblem(error, "FRAME_MALFORMED")) return error;
    throw error;
  }
}
