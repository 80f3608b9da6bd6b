import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { Answer, BlockReader, Patience } from "./block-reader.js";
import { type Info, REQUESTS, readInfo } from "./codec.js";

/** Tries of each question. */
const TRIES = 3;
/** The info block takes 40 ms on the wire. */
const INFO: Patience = { openingMs: 2_000, lineMs: 2_000, wholeMs: 2_000, limitBytes: 4_096 };
/** A probe's tries and its patience with each. */
const PROBE_TRIES = 2;
const PROBE: Patience = { openingMs: 1_000, lineMs: 1_000, wholeMs: 1_000, limitBytes: 4_096 };
/** Longest wait of a probe for the first answer. */
export const PROBE_MS = PROBE_TRIES * PROBE.openingMs;
/** A memory of 10,000 readings, more than ten times the meter's, is 310,000 bytes and takes 356 s on the wire. */
const MEMORY: Patience = { openingMs: 3_000, lineMs: 3_000, wholeMs: 450_000, limitBytes: 400_000 };

/** Who the meter is, and the line in which it said so: the same once more is a late answer. */
export interface Told {
  readonly info: Info;
  readonly raw: string;
}

/**
 * Asks the meter who it is. Throws METER_TIMEOUT if nothing answers, and FRAME_CHECKSUM or FRAME_MALFORMED if what
 * answers does not say it.
 */
export async function askInfo(reader: BlockReader, { patience, log }: SessionContext): Promise<Told> {
  const [tries, bounds] = patience === "probe" ? [PROBE_TRIES, PROBE] : [TRIES, INFO];
  let last = new Problem("METER_TIMEOUT");
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const answer = await reader.ask(REQUESTS.info, bounds);
    const told = infoOf(answer);
    if (!(told instanceof Problem)) return told;
    if (told.code === "TRANSPORT_GONE") throw told;
    if (told.code !== "METER_STALLED") last = told;
    log.debug({ code: told.code }, "the meter does not say who it is");
    // A probe has no time to wait until a stranger is quiet.
    if (patience !== "probe" && attempt + 1 < tries) await reader.settle();
  }
  if (last.code !== "FRAME_TRUNCATED") throw last;
  throw new Problem("FRAME_MALFORMED", "Something answers, but not as a GlucoMen areo would.", { bytes: reader.came });
}

/**
 * Asks for the memory until it comes undamaged, three times at most; else gives the last answer of which anything
 * came. A memory that went on without end is not asked for again.
 */
export async function askReadings(reader: BlockReader, told: Told, { log }: SessionContext): Promise<Answer> {
  let partial: Answer | null = null;
  for (let attempt = 1; ; attempt += 1) {
    let answer = await reader.ask(REQUESTS.readings, MEMORY);
    if (isSame(answer, told)) answer = await reader.next(MEMORY);
    const { problem } = answer;
    if (problem === null) return answer;
    if (answer.raw.length > 0) partial = answer;
    if (attempt === TRIES) return partial ?? answer;
    if (problem.code === "TRANSPORT_GONE" || problem.code === "FRAME_MALFORMED") return answer;
    log.warn({ code: problem.code }, "the memory did not come whole: asking again");
    await reader.settle();
  }
}

function infoOf(answer: Answer): Told | Problem {
  if (answer.problem !== null) return answer.problem;
  try {
    return { info: readInfo(answer.lines), raw: textOf(answer.lines) };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return error;
  }
}

function isSame(answer: Answer, { raw }: Told): boolean {
  return answer.lines !== null && textOf(answer.lines) === raw;
}

function textOf(lines: readonly Uint8Array[]): string {
  return lines.map((line) => line.join(" ")).join("/");
}
