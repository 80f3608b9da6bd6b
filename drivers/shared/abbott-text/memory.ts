import type { ByteReader } from "../../../src/kit/byte-reader.js";
import { concat } from "../../../src/kit/bytes.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { type Answer, ask } from "./ask.js";
import type { ProvenDump } from "./frame.js";
import { type Broken, Tally } from "./tally.js";

/** The memory, proven; or why there is none, and what came of it. */
export type MemoryOutcome =
  | { readonly dump: ProvenDump }
  | { readonly dump: null; readonly error: unknown; readonly broken: Broken | null };

/** What is known before the memory is asked for. */
export interface MemoryQuestion {
  /** `$mem` or `$xmem`. */
  readonly command: string;
  /** Up to this instant the meter must be recognised, as others may be on the cable; null if it is known to be there. */
  readonly probeUntil: number | null;
  /** True if the meter has answered another question. */
  readonly answered: boolean;
}

/** How long a dump's first lines are awaited; on a shared cable the question is put once more within that time. */
const FIRST_MS = 4_000;
const PROBE_MS = 1_000;
/** All attempts together: a full memory takes 18 s on the line, and several minutes from a meter that dawdles. */
const ALL_MS = 480_000;

/** Asks for the memory until it came proven. Never rejects: what went wrong is in the outcome. */
export async function askMemory(
  context: SessionContext,
  reader: ByteReader,
  question: MemoryQuestion,
): Promise<MemoryOutcome> {
  const { clock, log } = context;
  const endBy = clock.now() + ALL_MS;
  const tally = new Tally(question);
  let probeUntil = question.probeUntil;
  try {
    while (tally.isOpen && clock.now() < endBy) {
      const answer =
        probeUntil === null
          ? await ask(context, reader, question.command, { recogniseBy: clock.now() + FIRST_MS, endBy })
          : await probe(context, reader, question.command, { probeUntil, endBy });
      if (answer.recognised) probeUntil = null;
      const dump = tally.take(answer);
      if (dump !== null) return { dump };
      log.warn({ command: question.command, answer: answer.kind }, "the memory did not come whole");
      if (probeUntil !== null && clock.now() >= probeUntil) break;
    }
  } catch (error) {
    tally.keepRest(reader.waiting);
    return { dump: null, error, broken: tally.broken };
  }
  const dump = tally.agreed();
  return dump === null ? { dump, error: tally.verdict(), broken: tally.broken } : { dump };
}

/** Asks where others may be meant. If something speaks, it may be in the middle of it: then listening on tells more than asking again. */
async function probe(
  context: SessionContext,
  reader: ByteReader,
  command: string,
  { probeUntil, endBy }: { readonly probeUntil: number; readonly endBy: number },
): Promise<Answer> {
  const { clock } = context;
  const recogniseBy = Math.min(probeUntil, clock.now() + PROBE_MS);
  const answer = await ask(context, reader, command, { recogniseBy, endBy });
  if (answer.kind !== "broken" || answer.recognised || answer.bytes.every((byte) => byte === 0)) return answer;
  while (clock.now() < probeUntil && (await reader.more(probeUntil - clock.now())));
  return { ...answer, bytes: concat([answer.bytes, reader.skip(reader.waiting.length)]) };
}
