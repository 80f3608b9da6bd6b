import type { Log } from "../../src/domain/clock.js";
import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { Manager } from "../shared/ieee11073/manager.js";
import { readSegment } from "../shared/ieee11073/proven.js";
import { readEntry, type Segment } from "../shared/ieee11073/segments.js";
import { readResult, type Surroundings } from "./codec.js";
import { asMisfit, type Contexts } from "./contexts.js";

/** A store being read, and what went wrong with it so far. */
export interface Store {
  readonly manager: Manager;
  readonly handle: number;
  readonly log: Log;
  /** What is missing, to be told at the end, when all that can be read has been. */
  readonly problems: Problem[];
}

/** Tells a segment's results as they are proven; entries that are not understood, or not proven, as their bytes. */
export async function* tellResults(
  store: Store,
  segment: Segment,
  surroundings: Surroundings,
): AsyncGenerator<SessionEvent, void, void> {
  yield* tellSegment(store, segment, (raw) => {
    if (segment.map === null) throw unknownEntry(segment);
    return readResult(readEntry(segment.map, raw), surroundings);
  });
}

/** Reads a segment whose entries belong to tests of others, and keeps them; tells only what is not understood. */
export async function* keepContexts(
  store: Store,
  segment: Segment,
  contexts: Contexts,
): AsyncGenerator<SessionEvent, void, void> {
  yield* tellSegment(store, segment, (raw) => {
    if (segment.map === null) throw unknownEntry(segment);
    contexts.add(readEntry(segment.map, raw));
    return null;
  });
}

/** Tells the entries of a segment of which nobody has described what it holds: each as its bytes. */
export async function* tellUnknown(store: Store, segment: Segment): AsyncGenerator<SessionEvent, void, void> {
  yield* tellSegment(store, segment, () => {
    throw unknownEntry(segment);
  });
}

/** Bytes that are told as they are, with what is wrong with them. */
export function unreadable({ code, message }: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code, detail: message, raw } };
}

async function* tellSegment(
  { manager, handle, log, problems }: Store,
  segment: Segment,
  read: (raw: Uint8Array) => SourceReading | null,
): AsyncGenerator<SessionEvent, void, void> {
  const { instance, usage, adjusted } = segment;
  if (usage === 0) return;
  if (adjusted)
    log.warn({ segment: instance }, "the meter's clock was set after some of these tests; times are as sent");
  let came = 0;
  try {
    const news = readSegment(manager, handle, segment);
    let step = await news.next();
    for (; step.done !== true; step = await news.next()) {
      if (step.value.type === "unproven") {
        yield unreadable(new Problem("FRAME_CHECKSUM", "It did not come twice alike."), step.value.raw);
      } else {
        came += step.value.entries.length;
        yield* told(step.value.entries, read);
      }
    }
    const { problem, once } = step.value;
    if (once) log.warn({ segment: instance }, "the meter sent these tests once only: the cable's checksums prove them");
    if (problem !== null) problems.push(problem);
    else if (usage !== null && came < usage) problems.push(tooFew(instance, usage, came));
  } catch (error) {
    // One segment that is declined does not keep the others from being read.
    if (!isProblem(error, "METER_REFUSED", "FRAME_MALFORMED")) throw error;
    problems.push(error);
  }
  for (const raw of manager.takeStrangers()) {
    yield unreadable(new Problem("FRAME_MALFORMED", "A report is of a kind that nobody has described."), raw);
  }
}

function* told(
  entries: readonly Uint8Array[],
  read: (raw: Uint8Array) => SourceReading | null,
): Generator<SessionEvent, void, void> {
  for (const raw of entries) {
    let reading: SourceReading | null;
    try {
      reading = read(raw);
    } catch (error) {
      yield unreadable(asMisfit(error), raw);
      continue;
    }
    if (reading !== null) yield { type: "readings", readings: [reading] };
  }
}

function unknownEntry({ instance }: Segment): Problem {
  return new Problem("FRAME_MALFORMED", `Nobody has described what segment ${instance} holds.`, { instance });
}

function tooFew(instance: number, usage: number, came: number): Problem {
  const message = `The meter said that segment ${instance} holds ${usage} entries, and sent ${came}.`;
  return new Problem("FRAME_TRUNCATED", message, { instance, usage, came });
}
