import { isProblem, Problem } from "../../src/domain/problem.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import { concat } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { closes, opens, provenLines } from "./block.js";

/** How much may stand unread: more than a memory of 10,000 readings, should all of it come at once. */
const LIMIT_BYTES = 400_000;
/** How long the line must be quiet before a question is asked again. */
const QUIET_MS = 200;
/** Bytes that a meter may still send then. */
const LATE_BYTES = 8_192;

/** What may come in answer to one question, and how long it is waited for. */
export interface Patience {
  /** Until the block's first line has come. */
  readonly openingMs: number;
  /** Between a line's end and the next one's. */
  readonly lineMs: number;
  /** From the question to the end of the block. */
  readonly wholeMs: number;
  readonly limitBytes: number;
}

/** An answer: a block's proven lines, or what is wrong; with the bytes that came since the question. */
export type Answer =
  | { readonly lines: readonly Uint8Array[]; readonly problem: null; readonly raw: Uint8Array }
  | { readonly lines: null; readonly problem: Problem; readonly raw: Uint8Array };

/** The hub's side of the conversation. */
export interface BlockReader {
  /**
   * Sends a request and reads the block that answers it. The problem is METER_STALLED if nothing came, FRAME_TRUNCATED if
   * it broke off, TRANSPORT_GONE if the device went meanwhile, FRAME_CHECKSUM if it came damaged, and FRAME_MALFORMED if
   * more came than the patience bears.
   */
  ask(request: Uint8Array, patience: Patience): Promise<Answer>;
  /** Reads one more block without asking, as `ask` does. */
  next(patience: Patience): Promise<Answer>;
  /** Sends a request and takes the one byte that answers it; null if none comes. */
  askByte(request: Uint8Array, ms: number): Promise<number | null>;
  /** Waits until nothing more comes of an answer that was damaged, and forgets it. */
  settle(): Promise<void>;
  /** How many bytes have come so far. */
  readonly came: number;
}

/** Reads blocks from the context's transport. */
export function blockReader(context: SessionContext): BlockReader {
  const { transport, clock, signal } = context;
  const reader = new ByteReader(context, LIMIT_BYTES);

  async function next(patience: Patience): Promise<Answer> {
    const { openingMs, lineMs, wholeMs, limitBytes } = patience;
    const startMs = clock.now();
    const came: Uint8Array[] = [];
    const block: Uint8Array[] = [];
    const broken = (problem: Problem): Answer => ({ lines: null, problem, raw: concat([...came, reader.waiting]) });
    try {
      for (let size = 0; size <= limitBytes; ) {
        const leftMs = (block.length === 0 ? openingMs : wholeMs) - (clock.now() - startMs);
        if (leftMs <= 0 && block.length > 0) break;
        const line = leftMs <= 0 ? null : await reader.message(cutLine, Math.min(leftMs, lineMs));
        if (line === null) {
          const nothing = came.length === 0 && reader.waiting.length === 0;
          return broken(new Problem(nothing ? "METER_STALLED" : "FRAME_TRUNCATED"));
        }
        came.push(line);
        size += line.length;
        if (block.length === 0 && !opens(line)) continue;
        block.push(line);
        if (!closes(line)) continue;
        return { lines: provenLines(block), problem: null, raw: concat(came) };
      }
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED", "TRANSPORT_GONE")) throw error;
      return broken(error);
    }
    return broken(new Problem("FRAME_MALFORMED", "The device sends on without end."));
  }

  return {
    next,
    get came() {
      return reader.came;
    },
    async ask(request, patience) {
      // What came before the question is no answer to it.
      reader.skip(reader.waiting.length);
      try {
        await transport.write(request, signal);
      } catch (error) {
        if (!isProblem(error, "TRANSPORT_GONE")) throw error;
        return { lines: null, problem: error, raw: new Uint8Array() };
      }
      return await next(patience);
    },
    async askByte(request, ms) {
      reader.skip(reader.waiting.length);
      await transport.write(request, signal);
      return (await reader.take(1, ms))?.[0] ?? null;
    },
    async settle() {
      try {
        await reader.drain(QUIET_MS, LATE_BYTES);
      } catch (error) {
        // Whoever asks next is told so.
        if (!isProblem(error, "TRANSPORT_GONE")) throw error;
      }
    },
  };
}

/** Where the first line ends, or 0. */
function cutLine(bytes: Uint8Array): number {
  return bytes.indexOf(0x0a) + 1;
}
