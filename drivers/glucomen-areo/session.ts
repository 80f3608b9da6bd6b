import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { blockReader } from "./block-reader.js";
import { displayUnit, readReading } from "./codec.js";
import { askInfo, askReadings } from "./question.js";

/**
 * Asks the meter who it is, then for its memory, and tells nothing of it before its checksum has proven the whole. Throws
 * METER_TIMEOUT if nothing answers, METER_STALLED or FRAME_TRUNCATED if the memory breaks off, and FRAME_CHECKSUM if it
 * stays damaged after it was asked for three times.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const reader = blockReader(context);
  const told = await askInfo(reader, context);
  const memory = await askReadings(reader, told, context);
  const entries = (memory.lines ?? []).map((line) => ({ line, entry: entryOf(line) }));
  const readings = entries.flatMap(({ entry }) => (entry instanceof Problem ? [] : [entry]));
  yield {
    type: "identity",
    identity: {
      manufacturer: "Menarini",
      model: "GlucoMen areo",
      serial: told.info.serial,
      firmware: told.info.firmware,
      // Only the readings show it: the display's unit is told with the first word about the meter, so they came first.
      displayUnit: displayUnit(readings.map(({ unit }) => unit)),
    },
    source: "meter",
    sourceName: null,
  };
  yield { type: "clock", deviceTime: null };
  if (memory.problem !== null) {
    // Of a memory that broke off, what came is kept whole: no part of it is proven.
    const code = memory.problem.code === "TRANSPORT_GONE" ? "FRAME_TRUNCATED" : memory.problem.code;
    if (memory.raw.length > 0) yield unreadable(new Problem(code), memory.raw);
    throw memory.problem;
  }
  yield { type: "expect", count: entries.length };
  for (const { line, entry } of entries) {
    yield entry instanceof Problem ? unreadable(entry, line) : { type: "readings", readings: [entry] };
  }
}

function entryOf(line: Uint8Array): SourceReading | Problem {
  try {
    return readReading(line);
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return error;
  }
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
