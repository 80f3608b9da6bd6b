import { Problem } from "../../src/domain/problem.js";
import type { QuestionLine } from "../shared/isens/question-line.js";
import { isAgreed, readSerial } from "./codec.js";
import { cutPacket, OPERATIONS, PACKET_BYTES, packetBytes } from "./packet.js";

/** In a probe, when to have given up if nobody said who it is. */
export const PROBE_MS = 1_200;
/** How often the meter is pinged at most (sheet a: four retries) and how long each waits: "no meter here" takes ten seconds. */
const PINGS = { tries: 5, answerMs: 2_000 } as const;
/** The same on a cable that several drivers try. */
const PROBED = { tries: 2, answerMs: 500 } as const;
/** How often any other question is asked whose answer does not come, or comes damaged: once and two more times. */
export const TRIES = 3;

/** Pings the meter. Throws METER_TIMEOUT if nothing answers, FRAME_MALFORMED if what answers is not such a meter. */
export async function ping(line: QuestionLine): Promise<void> {
  const { tries, answerMs } = line.probing ? PROBED : PINGS;
  let problem = new Problem("METER_TIMEOUT");
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const packet = await askPacketOnce(line, OPERATIONS.ping, new Uint8Array(), answerMs);
    if (packet instanceof Uint8Array && isAgreed(packet)) {
      line.meterAnswered();
      return;
    }
    problem = packet instanceof Problem ? packet : new Problem("METER_REFUSED", "The meter does not agree to talk.");
  }
  const isNoise = problem.code === "FRAME_TRUNCATED" || problem.code === "FRAME_CHECKSUM";
  throw line.verdict(isNoise ? stranger() : problem);
}

/** Asks the meter for its serial number: from then on it is known to be one. */
export async function askSerial(line: QuestionLine): Promise<string> {
  const packet = await askPacket(line, OPERATIONS.serial);
  line.meterKnown();
  return readSerial(packet);
}

/** Asks until the meter answers, three times at most, and gives its packet. Throws what `QuestionLine.ask` gives. */
export async function askPacket(line: QuestionLine, operation: number): Promise<Uint8Array> {
  let problem = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const packet = await askPacketOnce(line, operation);
    if (packet instanceof Uint8Array) return packet;
    problem = packet;
  }
  throw line.verdict(problem);
}

/**
 * Asks once. What comes before a packet of that operation, its checksum right, is passed over: noise, or the late answer
 * to another question. FRAME_CHECKSUM if as much as a packet came and none was right.
 */
export async function askPacketOnce(
  line: QuestionLine,
  operation: number,
  payload?: Uint8Array,
  ms?: number,
): Promise<Uint8Array | Problem> {
  const answer = await line.ask(packetBytes(operation, payload), cutPacket(operation), ms);
  if (answer instanceof Uint8Array) return answer.slice(-PACKET_BYTES);
  if (answer.code !== "FRAME_TRUNCATED" || line.heard.length < PACKET_BYTES) return answer;
  return new Problem("FRAME_CHECKSUM", "The meter's answer arrived damaged.", { operation });
}

function stranger(): Problem {
  return new Problem("FRAME_MALFORMED", "Something answers, but not as a Glucocard Expression would.");
}
