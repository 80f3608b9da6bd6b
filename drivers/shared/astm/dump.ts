import type { Log } from "../../../src/domain/clock.js";
import { isProblem, Problem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../../src/domain/reading.js";
import { isSameMeter, type Opening, readClock } from "./contour.js";
import type { Frame } from "./frame.js";
import { isHeader } from "./header.js";
import { isResult } from "./result.js";
import type { Received } from "./transfer.js";

/** What a record of a dump is. */
export type Told =
  | { readonly is: "reading"; readonly reading: SourceReading }
  | { readonly is: "average" }
  | { readonly is: "end"; readonly whole: boolean }
  | { readonly is: "other" }
  | { readonly is: "unreadable"; readonly problem: Problem };

/** A dump that has begun: what its header said, and the frames behind it. */
export interface Begun extends Opening {
  readonly frames: AsyncGenerator<Received, void, void>;
}

/** What is special about a family's dump. */
export interface DumpTraits {
  /** What a record is; `first` is true for the first result behind a header. */
  readonly judge: (frame: Frame, first: boolean) => Told;
  /**
   * What is done when the terminator has come, instead of waiting for the meter's EOT, by families that may leave it out.
   * Gives what the meter sends on nevertheless, or null.
   */
  readonly farewell?: () => Promise<Uint8Array | null>;
}

/** Who the meter is, what its clock shows, and how many results it announces: all that its header says. */
export function* tellOpening({ header, identity }: Opening): Generator<SessionEvent, void, void> {
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
}

/**
 * Tells the results of a dump, each as soon as its frame is proven. Throws FRAME_TRUNCATED if the meter ends without a
 * terminator or says that it broke off, METER_CHANGED if another meter's header comes, and at the end what was damaged
 * and stayed so.
 */
export async function* tellDump(
  { frames, identity }: Begun,
  log: Log,
  { judge, farewell }: DumpTraits,
): AsyncGenerator<SessionEvent, void, void> {
  const said = new Set<string>();
  let results = 0;
  let end: "whole" | "broken" | null = null;
  let damage: Problem | null = null;
  const late = (): Problem => new Problem("FRAME_MALFORMED", "The meter sends on after the end of its message.");
  for await (const received of frames) {
    if (received.type === "lost") {
      damage ??= received.problem;
      yield unreadable(received.problem, received.raw);
      continue;
    }
    const { text, raw } = received.frame;
    if (isHeader(text)) {
      if (!isSameMeter(text, identity.serial)) {
        throw new Problem("METER_CHANGED", "Another header came in the middle of the results.");
      }
      // It begins anew.
      results = 0;
      continue;
    }
    if (end !== null) {
      damage ??= late();
      yield unreadable(late(), raw);
      continue;
    }
    const told = judge(received.frame, results === 0);
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
    if (told.is !== "end") continue;
    end = told.whole ? "whole" : "broken";
    if (farewell === undefined) continue;
    const more = await farewell();
    if (more !== null) {
      damage ??= late();
      yield unreadable(late(), more);
    }
    break;
  }
  // A terminator that is missing may be among what arrived damaged: the damage is then the better word for it.
  if (damage !== null) throw damage;
  if (end === null)
    throw new Problem("FRAME_TRUNCATED", "The meter ended its transmission without a terminator record.");
  if (end === "broken") throw new Problem("FRAME_TRUNCATED", "The meter says that it broke off before the end.");
}

/** What a terminator record says: null if the text is none; `whole` is false if the meter says that it broke off. */
export function readTerminator(text: string): { readonly is: "end"; readonly whole: boolean } | null {
  if (!text.startsWith("L|") && text !== "L") return null;
  // E1394: a message ends with `L|1|N`, another letter says that the sender broke it off. Meters also leave it empty.
  const [, , third = "", fourth = ""] = text.split("|");
  return { is: "end", whole: ["", "N"].includes(third || fourth) };
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
