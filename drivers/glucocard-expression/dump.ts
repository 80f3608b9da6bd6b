import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { recordEvent } from "../shared/isens/meter-reading.js";
import type { QuestionLine } from "../shared/isens/question-line.js";
import { Tally } from "../shared/isens/tally.js";
import { isEqual } from "../shared/isens/twice.js";
import { isEmpty, readRecord } from "./codec.js";
import { TRIES } from "./dialogue.js";
import { cutPiece, isRecordPacket, piecesIn } from "./dump-pieces.js";
import { OPERATIONS, PACKET_BYTES, packetBytes } from "./packet.js";

/** Places in the memory: a dump is one packet for each, filled or not (sheet a). */
const PLACES = 300;
/** Silence between two packets after which the meter has stopped (sheet a). */
const STALL_MS = 5_000;
/** Silence by which a dump is known to be over; longer where it matters whether more packets come. */
const QUIET_MS = 60;
const DOUBT_MS = 1_000;
/** How often the whole memory is asked for at most: once and two more times. */
const PASSES = 3;

/**
 * Reads the whole memory and tells each record as its packet arrives. If one arrives damaged, the memory is asked for
 * again, and what is new is told. Throws METER_STALLED or FRAME_TRUNCATED, at once, when the meter breaks off, and, at the
 * end, what damaged a packet each time.
 */
export async function* readDump(line: QuestionLine): AsyncGenerator<SessionEvent, void, void> {
  const tally = new Tally();
  const damaged = new Tally();
  for (let pass = 1; ; pass += 1) {
    const damage = yield* readOnce(line, tally, damaged);
    if (damage === null) return;
    if (pass === PASSES) throw damage;
    line.damaged();
  }
}

/** One pass over the memory. Gives what makes another one worth while. */
async function* readOnce(
  line: QuestionLine,
  tally: Tally,
  damaged: Tally,
): AsyncGenerator<SessionEvent, Problem | null, void> {
  tally.beginPass();
  damaged.beginPass();
  const doubles: Uint8Array[] = [];
  let [places, surplus] = [0, 0];
  let damage: Problem | null = null;
  let before: Uint8Array = new Uint8Array();
  let piece: Uint8Array | null = await open(line);
  for (;;) {
    if (piece === null) {
      if (places < PLACES) throw yield* brokenOff(line, doubles);
      return (yield* settle(doubles, surplus, tally)) ?? damage;
    }
    if (!isRecordPacket(piece)) {
      damage ??= new Problem("FRAME_CHECKSUM", "A packet of the memory arrived damaged.");
      places += piecesIn(piece);
      if (damaged.isNews(piece)) yield unreadable(damage, piece);
    } else if (places >= PLACES) {
      surplus += 1;
      if (surplus > PLACES) throw new Problem("FRAME_MALFORMED", "The meter does not stop sending records.");
      // What was met before came twice; a record that is new was pushed back by a double.
      if (!isEmpty(piece) && tally.met(piece) === 0) yield* tell(piece, tally);
    } else {
      places += 1;
      if (isEmpty(piece)) before = piece;
      else if (isEqual(piece, before)) doubles.push(piece);
      else {
        before = piece;
        const event: SessionEvent | null = tally.isNews(piece) ? recordOf(piece) : null;
        if (event !== null) yield event;
        // Damage on its way, or the meter's own: if the memory sends the same once more, it is the meter's.
        if (event?.type === "unreadable" && event.unreadable.code === "FRAME_CHECKSUM") {
          damage ??= new Problem("FRAME_CHECKSUM", event.unreadable.detail);
        }
      }
    }
    piece = await next(line, places < PLACES ? STALL_MS : doubles.length > 0 ? DOUBT_MS : QUIET_MS);
  }
}

/** Asks for the memory, three times at most if nothing comes, and gives the first piece of it. */
async function open(line: QuestionLine): Promise<Uint8Array> {
  let problem = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const piece = await line.ask(packetBytes(OPERATIONS.dump), cutPiece);
    if (piece instanceof Uint8Array) return piece;
    if (line.heard.length >= PACKET_BYTES) return line.reader.skip(line.heard.length);
    problem = piece;
  }
  throw problem;
}

/** The next packet, or bytes that are none; null if only a part of one came, or nothing. */
async function next(line: QuestionLine, ms: number): Promise<Uint8Array | null> {
  const piece = await line.reader.message(cutPiece, ms);
  if (piece !== null || line.reader.waiting.length < PACKET_BYTES) return piece;
  return line.reader.skip(line.reader.waiting.length);
}

/**
 * Records equal to the one before them, to the minute and the digit: two tests of one minute, or a packet that was doubled
 * on its way. If no more packets came than the memory has places, they were two tests.
 */
function* settle(
  doubles: readonly Uint8Array[],
  surplus: number,
  tally: Tally,
): Generator<SessionEvent, Problem | null, void> {
  if (doubles.length <= surplus) return null;
  if (surplus === 0) {
    for (const packet of doubles) yield* tell(packet, tally);
    return null;
  }
  const problem = new Problem("FRAME_MALFORMED", "Some packets came twice, and it can't be told which.");
  for (const packet of doubles) yield unreadable(problem, packet);
  return problem;
}

/** Tells what is left when the meter has stopped, and gives the problem. */
function* brokenOff(line: QuestionLine, doubles: readonly Uint8Array[]): Generator<SessionEvent, Problem, void> {
  const rest = line.reader.skip(line.reader.waiting.length);
  const truncated = new Problem("FRAME_TRUNCATED", "The memory broke off in the middle.");
  for (const packet of doubles) yield unreadable(truncated, packet);
  if (rest.length === 0) return new Problem("METER_STALLED");
  yield unreadable(truncated, rest);
  return truncated;
}

function* tell(packet: Uint8Array, tally: Tally): Generator<SessionEvent, void, void> {
  if (tally.isNews(packet)) yield recordOf(packet);
}

function recordOf(packet: Uint8Array): SessionEvent {
  return recordEvent(() => readRecord(packet), packet);
}

function unreadable({ code, message }: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code, detail: message, raw } };
}
