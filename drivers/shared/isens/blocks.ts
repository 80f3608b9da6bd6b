import { Problem } from "../../../src/domain/problem.js";
import type { SessionEvent } from "../../../src/domain/reading.js";
import { BLOCK_RECORDS, blockData, RECORD_BYTES, readCount } from "./answers.js";
import { askFramed, askFramedOnce } from "./framed-dialogue.js";
import { recordEvent } from "./meter-reading.js";
import type { QuestionLine } from "./question-line.js";
import { readRecord } from "./record.js";
import { Tally } from "./tally.js";
import { askTwice, isEqual, Unproven } from "./twice.js";

/** Single records in a row that could not be had after which the memory is given up. */
const FAILURES = 5;
/** How often the memory is read from its beginning because it changed meanwhile, and once more the first time. */
const PASSES = 3;

/**
 * Reads the memory of a meter of protocol 3, block by block, each asked for until it came twice alike; a block that does
 * not is halved, down to the record that can't be had, which is told as unreadable. When the meter took a test meanwhile,
 * its numbers may have shifted: the memory is read again, and what is new is told. Throws, at the end, what damaged a
 * record; METER_STALLED, at once, when the meter falls silent.
 */
export async function* readBlocks(line: QuestionLine): AsyncGenerator<SessionEvent, void, void> {
  const tally = new Tally();
  let count = readCount(await askFramed(line, "NCOT"));
  for (let pass = 1; ; pass += 1) {
    yield { type: "expect", count };
    const { first, damage } = yield* readOnce(line, count, tally);
    if (damage !== null) throw damage;
    if (count === 0 || pass === PASSES) return;
    const now = readCount(await askFramed(line, "NCOT"));
    if (now === count && (first === null || (await isStill(line, first)))) return;
    count = now;
  }
}

/** What a pass over the memory leaves: its first record as it stood then, and the first damage. */
interface Pass {
  readonly first: Uint8Array | null;
  readonly damage: Problem | null;
}

async function* readOnce(line: QuestionLine, count: number, tally: Tally): AsyncGenerator<SessionEvent, Pass, void> {
  tally.beginPass();
  const spans = spansOf(count);
  let first: Uint8Array | null = null;
  let damage: Problem | null = null;
  let before: Uint8Array | null = null;
  let failures = 0;
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const block = await readBlock(line, span, before);
    if (block instanceof Unproven) {
      if (span.count > 1 && !block.isSilence) {
        const half = span.count >> 1;
        spans.push({ first: span.first + half, count: span.count - half }, { first: span.first, count: half });
        continue;
      }
      failures += 1;
      damage ??= block.problem;
      yield* block.events();
      if (block.isSilence || failures === FAILURES) throw block.problem;
      continue;
    }
    failures = 0;
    before = block;
    if (span.first === 1) first = block.slice(0, RECORD_BYTES);
    for (let at = 0; at < block.length; at += RECORD_BYTES) {
      const raw = block.slice(at, at + RECORD_BYTES);
      if (tally.isNews(raw)) yield recordEvent(() => readRecord(raw), raw);
    }
  }
  return { first, damage };
}

interface Span {
  /** Number of its first record, from 1. */
  readonly first: number;
  readonly count: number;
}

/** The memory in blocks, the last one first: it is taken from the end. */
function spansOf(count: number): Span[] {
  const blocks = Math.ceil(count / BLOCK_RECORDS);
  return Array.from({ length: blocks }, (_, block) => {
    const first = (blocks - 1 - block) * BLOCK_RECORDS + 1;
    return { first, count: Math.min(BLOCK_RECORDS, count - first + 1) };
  });
}

/**
 * The records of one span, proven. An answer does not say which records it holds, so one that equals the block before it
 * may be a late answer to that question: it is believed only after the line was quiet and it came twice again.
 */
async function readBlock(line: QuestionLine, span: Span, before: Uint8Array | null): Promise<Uint8Array | Unproven> {
  const prove = (): Promise<Uint8Array | Unproven> =>
    askTwice(
      () => askBlock(line, span),
      () => line.heard,
    );
  const block = await prove();
  if (block instanceof Unproven || before === null || !isEqual(block, before)) return block;
  line.damaged();
  return await prove();
}

async function askBlock(line: QuestionLine, { first, count }: Span): Promise<Uint8Array | Problem> {
  const records = await askFramedOnce(line, "GLUE", blockData(first, count));
  if (records instanceof Problem || records.length === count * RECORD_BYTES) return records;
  line.damaged();
  return new Problem("FRAME_CHECKSUM", "The meter gave another number of records than it was asked for.");
}

/** Whether the first record is what it was: one equal answer proves it, since it was proven before. */
async function isStill(line: QuestionLine, first: Uint8Array): Promise<boolean> {
  const span = { first: 1, count: 1 };
  const now = await askBlock(line, span);
  if (now instanceof Uint8Array && isEqual(now, first)) return true;
  const proven = await askTwice(
    () => askBlock(line, span),
    () => line.heard,
  );
  if (proven instanceof Unproven) throw proven.problem;
  return isEqual(proven, first);
}
