import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { readHeader } from "../shared/astm/header.js";
import { AstmLink } from "../shared/astm/link.js";
import { isResult } from "../shared/astm/result.js";
import { readClock, readRecord, SERIAL_COMPONENT } from "./codec.js";
import { type Begun, begin } from "./opening.js";

/** A session's longest time: a memory of 10,000 results at 9600 baud, twice over. */
const SESSION_MS = 30 * 60_000;

/**
 * Takes the meter's header and then its results, each as soon as its frame is proven. Only reads. What `begin` throws;
 * METER_STALLED or FRAME_TRUNCATED if the meter breaks off, also by leaving out its terminator; METER_CHANGED if
 * another meter's header comes; and at the end FRAME_CHECKSUM or FRAME_MALFORMED if a frame stayed damaged.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const link = new AstmLink(context);
  const begun = await begin(link, context);
  link.endIn(SESSION_MS, () => new Problem("METER_STALLED", "The meter takes longer than any memory needs."));
  const { header, identity } = begun;
  yield { type: "identity", identity, source: "meter", sourceName: null };
  let deviceTime: string | null = null;
  if (header.clock !== null) {
    try {
      deviceTime = readClock(header);
    } catch (error) {
      if (!isProblem(error, "FRAME_MALFORMED")) throw error;
      yield unreadable(error, new TextEncoder().encode(header.clock));
    }
  }
  yield { type: "clock", deviceTime };
  if (header.records !== null) yield { type: "expect", count: header.records };
  yield* readResults(begun, context);
}

async function* readResults(
  { header, frames, identity }: Begun,
  { log }: SessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  const said = new Set<string>();
  let results = 0;
  let end: "whole" | "broken" | null = null;
  let damage: Problem | null = null;
  for await (const received of frames) {
    if (received.type === "lost") {
      damage ??= received.problem;
      yield unreadable(received.problem, received.raw);
      continue;
    }
    const { text, raw } = received.frame;
    if (text.startsWith("H|")) {
      demandSameMeter(text, identity.serial);
      // It begins anew, and with its average.
      results = 0;
      continue;
    }
    if (end !== null) {
      const late = new Problem("FRAME_MALFORMED", "The meter sends on after the end of its message.");
      damage ??= late;
      yield unreadable(late, raw);
      continue;
    }
    const told = readRecord(received.frame, header, results === 0);
    if (isResult(text)) results += 1;
    if (isResult(text) && said.has(text)) {
      // Results are numbered: the same number with the same content is the same result, sent once more.
      log.warn({}, "passing over a result that came twice");
      continue;
    }
    said.add(text);
    if (told.is === "reading") yield { type: "readings", readings: [told.reading] };
    if (told.is === "unreadable") yield unreadable(told.problem, raw);
    if (told.is === "average") log.debug({}, "passing over the meter's average");
    if (told.is === "end") end = told.whole ? "whole" : "broken";
  }
  // A terminator that is missing may be among what arrived damaged: the damage is then the better word for it.
  if (damage !== null) throw damage;
  if (end === null)
    throw new Problem("FRAME_TRUNCATED", "The meter ended its transmission without a terminator record.");
  if (end === "broken") throw new Problem("FRAME_TRUNCATED", "The meter says that it broke off before the end.");
}

/** A header that names another meter must never lend its results to this one. */
function demandSameMeter(text: string, serial: string | null): void {
  if (serial !== null && readHeader(text).components[SERIAL_COMPONENT] === serial) return;
  throw new Problem("METER_CHANGED", "Another header came in the middle of the results.");
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
