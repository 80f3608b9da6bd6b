import type { Log } from "../../src/domain/clock.js";
import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { concat } from "../../src/kit/bytes.js";
import { memorySum, readAnswer, readResult, WORDS } from "./codec.js";
import type { MeterLine } from "./meter-line.js";

/** A memory that arrives damaged is asked for twice more. */
const TRIES = 3;
/** More frames than any meter holds results. */
const MOST_PIECES = 5_000;

/** A frame of the dump: a result's digits, or another text that nobody has seen there. */
interface Cell {
  readonly is: "result" | "other";
  readonly text: string;
  readonly raw: Uint8Array;
}

interface Dump {
  readonly cells: readonly Cell[];
  /** What is wrong with it; null if its sum proves it. */
  readonly problem: Problem | null;
}

/**
 * Takes the whole memory and tells its results once its sum has proven them. Throws METER_STALLED if the meter breaks off
 * each time, and FRAME_CHECKSUM if the sum never fits: then all that came is told as unreadable, and none as a reading.
 */
export async function* readMemory(line: MeterLine, log: Log): AsyncGenerator<SessionEvent, void, void> {
  let dump: Dump = { cells: [], problem: null };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await line.settle();
    await line.say(WORDS.results);
    dump = await collect(line, log);
    if (dump.problem !== null) continue;
    for (const cell of dump.cells) yield told(cell);
    return;
  }
  const problem = dump.problem ?? new Problem("METER_STALLED");
  if (problem.code === "FRAME_CHECKSUM") yield unreadable(problem, concat(dump.cells.map(({ raw }) => raw)));
  throw problem;
}

async function collect(line: MeterLine, log: Log): Promise<Dump> {
  const cells: Cell[] = [];
  for (let pieces = 0; pieces < MOST_PIECES; pieces += 1) {
    const piece = await line.next();
    if (piece === null) {
      return { cells, problem: new Problem("METER_STALLED", "The meter stopped before the end of its memory.") };
    }
    if (piece.kind === "damaged") {
      log.warn({ code: piece.problem.code }, "something arrived damaged");
      continue;
    }
    const { raw } = piece;
    const answer = readAnswer(piece.text);
    if (answer.is === "result") cells.push({ is: "result", text: answer.cells, raw });
    // Answers to earlier questions may come a second time.
    if (answer.is === "other") cells.push({ is: "other", text: answer.text, raw });
    if (answer.is !== "sum") continue;
    const proven = provenBy(answer.sum, cells);
    if (proven !== null) return { cells: proven, problem: null };
    return { cells, problem: new Problem("FRAME_CHECKSUM", "The memory's sum does not fit what came of it.") };
  }
  throw new Problem("FRAME_MALFORMED", "The meter sends on without end.");
}

/**
 * The frames that the sum proves: all of them, or without those that came twice in a row, as a doubled report brings them;
 * null for neither. Whether the sum counts results of a kind that nobody has seen is not known, so both are tried.
 */
function provenBy(sum: number, cells: readonly Cell[]): readonly Cell[] | null {
  const single = cells.filter(({ raw }, at) => Buffer.compare(raw, cells[at - 1]?.raw ?? new Uint8Array()) !== 0);
  for (const some of [cells, single]) {
    const results = some.filter(({ is }) => is === "result").map(({ text }) => text);
    if (memorySum(results) === sum) return some;
    const alike = some.flatMap(({ is, text }) =>
      is === "result" ? [text] : text.startsWith("g") ? [text.slice(2)] : [],
    );
    if (memorySum(alike) === sum) return some;
  }
  return null;
}

function told({ is, text, raw }: Cell): SessionEvent {
  if (is === "other")
    return unreadable(new Problem("FRAME_MALFORMED", "The memory holds what is no known result."), raw);
  try {
    return { type: "readings", readings: [readResult(text, raw)] };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return unreadable(error, raw);
  }
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
