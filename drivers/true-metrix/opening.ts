import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceIdentity } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { type Answer, firmwareOf, modelOf, readAnswer, WORDS } from "./codec.js";
import type { MeterLine } from "./meter-line.js";

/** How long a probe takes at most: off, awake, and one question, each followed by two seconds of silence. */
export const PROBE_MS = 7_000;
const PROBE_REST_MS = 200;
/** Tries of each question. */
const TRIES = 3;
/** How often the meter is switched off and woken, and asked after that, before nobody is there. */
const PATIENCE = { full: { rounds: 2, tries: TRIES }, probe: { rounds: 1, tries: 1 } } as const;
/** Frames that answer something else, and damage, that are passed over behind one question. */
const STRAYS = 64;

/**
 * Switches the meter off and wakes it up (sheet a), and asks who it is. Throws METER_TIMEOUT if nothing answers, which mostly
 * means that the meter does not stand in its cradle (sheet a); METER_STALLED, FRAME_CHECKSUM or FRAME_MALFORMED if something
 * does, but not so; a probe only METER_TIMEOUT or FRAME_MALFORMED.
 */
export async function greet(line: MeterLine, context: SessionContext<HidTransport>): Promise<SourceIdentity> {
  const { patience = "full" } = context;
  if (patience === "full") return await greetWith(line, context, PATIENCE.full);
  line.endIn(PROBE_MS - PROBE_REST_MS, () => new Problem("METER_TIMEOUT"));
  let code: string;
  try {
    code = await named(line, PATIENCE.probe);
  } catch (error) {
    if (isProblem(error, "METER_STALLED")) throw new Problem("METER_TIMEOUT");
    if (isProblem(error, "FRAME_CHECKSUM", "FRAME_TRUNCATED")) throw new Problem("FRAME_MALFORMED", error.message);
    throw error;
  }
  line.endIn(Number.POSITIVE_INFINITY, () => new Problem("METER_STALLED"));
  return await introduced(line, context, code);
}

async function greetWith(
  line: MeterLine,
  context: SessionContext<HidTransport>,
  patience: { readonly rounds: number; readonly tries: number },
): Promise<SourceIdentity> {
  return await introduced(line, context, await named(line, patience));
}

/** The code of the model that the meter says to be. */
async function named(
  line: MeterLine,
  { rounds, tries }: { readonly rounds: number; readonly tries: number },
): Promise<string> {
  for (let round = 1; ; round += 1) {
    await line.say(WORDS.powerOff);
    await line.settle();
    await line.say(WORDS.wakeUp);
    await line.settle();
    try {
      return await ask(line, WORDS.identify, (answer) => (answer.is === "code" ? answer.code : null), tries);
    } catch (error) {
      if (round < rounds && isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_TRUNCATED")) continue;
      if (line.came > 0 || !isProblem(error, "METER_STALLED")) throw error;
      throw new Problem("METER_TIMEOUT", "No meter answers: it may not stand in its cradle.");
    }
  }
}

/** A meter is known by its serial number, so that must be had; its firmware need not. */
async function introduced(
  line: MeterLine,
  { log }: SessionContext<HidTransport>,
  code: string,
): Promise<SourceIdentity> {
  const serial = await ask(line, WORDS.serial, (answer) => (answer.is === "serial" ? answer.serial : null));
  let firmware: string | null = null;
  try {
    firmware = await ask(line, WORDS.firmware, (answer) => (answer.is === "other" ? firmwareOf(answer.text) : null));
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_TRUNCATED")) throw error;
    log.warn({ code: error.code }, "the meter does not tell its firmware");
  }
  return {
    manufacturer: "Trividia",
    model: modelOf(code),
    serial: serial.trim() || null,
    firmware,
    displayUnit: null,
  };
}

/**
 * Asks until an answer is understood, three times. Answers to other questions are passed over: meters say some twice
 * (sheet a). Throws METER_STALLED if none comes, the damage if it arrived damaged, FRAME_MALFORMED at endless chatter.
 */
export async function ask<T>(
  line: MeterLine,
  word: string,
  understood: (answer: Answer) => T | null,
  tries: number = TRIES,
): Promise<T> {
  let damage: Problem | null = null;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    await line.say(word);
    for (let strays = 0; ; strays += 1) {
      if (strays > STRAYS) throw new Problem("FRAME_MALFORMED", "The device says something else, again and again.");
      const piece = await line.next();
      if (piece === null) break;
      if (piece.kind === "damaged") damage = piece.problem;
      const answer = piece.kind === "frame" ? understood(readAnswer(piece.text)) : null;
      if (answer !== null) return answer;
    }
  }
  throw damage ?? new Problem("METER_STALLED", "The meter stopped answering.");
}
