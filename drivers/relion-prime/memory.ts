import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { NAK } from "../shared/astm/control.js";
import type { AstmLink } from "../shared/astm/link.js";
import type { RemoteMode } from "../shared/astm/remote.js";
import { MOST_RECORDS, readRecord, recordText } from "./codec.js";

/** A damaged answer is asked for so often. */
const TRIES = 3;
/** Silence after which the rest of a damaged answer has come. */
const REST_MS = 200;
/** How often the memory is read at most, if its count changes meanwhile. */
const PASSES = 3;
/** Records that may stay damaged or be declined before the session is given up. */
const LOST_RECORDS = 8;

/**
 * Asks for each record by its number and yields it as its checksum is proven. A record that stays damaged or is declined
 * is yielded as unreadable, and the session ends with that. If the count changed meanwhile, the numbers have shifted: the
 * memory is read again, and of it only what was not yielded yet.
 */
export async function* readMemory(
  remote: RemoteMode,
  link: AstmLink,
  { log }: SessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  const yielded: Tally = new Map();
  const damage: Problem[] = [];
  let count = await countOf(remote);
  yield { type: "expect", count };
  for (let pass = 1; ; pass += 1) {
    const seen: Tally = new Map();
    let previous = "";
    for (let number = count - 1; number >= 0; number -= 1) {
      const answer = await recordOf(number, previous, remote, link);
      previous = latin1(answer.raw);
      if (!isNews(previous, seen, yielded)) continue;
      yield eventOf(answer);
      if (answer.problem === null) continue;
      damage.push(answer.problem);
      if (damage.length > LOST_RECORDS) throw answer.problem;
    }
    const now = await countOf(remote);
    if (now === count) break;
    if (pass === PASSES) throw new Problem("FRAME_MALFORMED", "The meter names another count each time.");
    log.info({ before: count, now }, "the memory changed while it was read; reading it again");
    count = now;
    yield { type: "expect", count };
  }
  const [first] = damage;
  if (first !== undefined) throw first;
}

/** A record as it came; with a problem if it was declined or stayed damaged. */
interface Answer {
  readonly raw: Uint8Array;
  readonly problem: Problem | null;
}

async function countOf(remote: RemoteMode): Promise<number> {
  const count = Number(await remote.setting("M", /^\d{1,4}$/));
  if (count <= MOST_RECORDS) return count;
  throw new Problem("FRAME_MALFORMED", `The meter claims ${count} records, more than their numbers allow.`);
}

/**
 * An answer does not say which record it is. One that is equal to the answer before may be that, come late: then it is
 * asked for again until two are alike.
 */
async function recordOf(number: number, previous: string, remote: RemoteMode, link: AstmLink): Promise<Answer> {
  let answer = await askRecord(number, remote, link);
  if (latin1(answer.raw) !== previous || answer.problem !== null) return answer;
  for (let asking = 1; asking < TRIES; asking += 1) {
    await link.flush(REST_MS);
    const again = await askRecord(number, remote, link);
    if (latin1(again.raw) === latin1(answer.raw)) return again;
    answer = again;
  }
  return answer;
}

async function askRecord(number: number, remote: RemoteMode, link: AstmLink): Promise<Answer> {
  const word = `${number.toString(16).toUpperCase().padStart(3, "0")}|`;
  let raw: Uint8Array = new Uint8Array();
  let problem: Problem | null = null;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      raw = await remote.ask(["R|", "N|", word]);
      recordText(raw);
      return { raw, problem: null };
    } catch (error) {
      if (isProblem(error, "METER_REFUSED")) {
        // `ask` tried it often enough; the meter must be brought back into the mode (sheet a).
        await remote.enterAgain();
        return {
          raw: Uint8Array.of(NAK),
          problem: new Problem("METER_REFUSED", `The meter declines record ${number}.`),
        };
      }
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
      problem = error;
      await link.flush(REST_MS);
    }
  }
  return { raw, problem };
}

function eventOf({ raw, problem }: Answer): SessionEvent {
  if (problem !== null) return unreadable(problem, raw);
  try {
    return { type: "readings", readings: [readRecord(raw)] };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return unreadable(error, raw);
  }
}

/** How often each answer was met: two tests of one minute may be equal. */
type Tally = Map<string, number>;

/** Counts the answer in this pass; true if that is oftener than it was yielded in all passes, which then counts too. */
function isNews(key: string, seen: Tally, yielded: Tally): boolean {
  const times = (seen.get(key) ?? 0) + 1;
  seen.set(key, times);
  if (times <= (yielded.get(key) ?? 0)) return false;
  yielded.set(key, times);
  return true;
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
