import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { Manager } from "../shared/ieee11073/manager.js";
import { askSegments } from "../shared/ieee11073/proven.js";
import type { Segment } from "../shared/ieee11073/segments.js";
import { roleOf, type Surroundings } from "./codec.js";
import { Contexts } from "./contexts.js";
import { conversation, openMeter } from "./opening.js";
import { keepContexts, type Store, tellResults, tellUnknown, unreadable } from "./tell.js";

/** Most segments that a store is believed to have. */
const SEGMENTS = 32;

/**
 * Lets the meter begin, asks who it is, what its clock shows and which segments its store has, and reads all of them: first
 * those that say something about tests (meals, failures), then the tests. Only reads. Throws what `openMeter` throws, and
 * at the end, when all that can be read is told, what is missing.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  yield* conversation(context, (manager) => talk(manager, context));
}

async function* talk(manager: Manager, context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const meter = await openMeter(manager, context);
  const { facts, storeHandle, objects, isInstant } = meter;
  yield { type: "identity", identity: meter.identity, source: "meter", sourceName: null };
  if (facts.clockFault !== null) yield unreadable(facts.clockFault.problem, facts.clockFault.raw);
  yield { type: "clock", deviceTime: facts.clock };

  const segments = await askSegments(manager, storeHandle);
  if (segments.length > SEGMENTS) throw new Problem("FRAME_MALFORMED", "The meter names more segments than any has.");
  const results = segments.filter((segment) => roleOf(segment) === "results");
  const count = countOf(results);
  if (count !== null) yield { type: "expect", count };

  const contexts = new Contexts();
  const store: Store = { manager, handle: storeHandle, log: context.log, problems: [] };
  const surroundings: Surroundings = { objects, isInstant, contextsOf: (time) => contexts.of(time) };
  for (const segment of segments) {
    if (roleOf(segment) === "contexts") yield* keepContexts(store, segment, contexts);
  }
  for (const segment of results) yield* tellResults(store, segment, surroundings);
  for (const segment of segments) {
    if (roleOf(segment) === "unknown") yield* tellUnknown(store, segment);
  }
  for (const { detail, raw } of contexts.left()) yield unreadable(new Problem("FRAME_MALFORMED", detail), raw);
  await manager.release();
  const [problem] = store.problems;
  if (problem !== undefined) throw problem;
}

/** How many results the meter says to hold; null where it does not say of each segment. */
function countOf(segments: readonly Segment[]): number | null {
  let count = 0;
  for (const { usage } of segments) {
    if (usage === null) return null;
    count += usage;
  }
  return count;
}
