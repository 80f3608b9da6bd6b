import type { Clock } from "../../../src/domain/clock.js";
import type { ByteReader } from "../../../src/kit/byte-reader.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { findHeader } from "./header.js";

/** What came after a question. */
export interface Answer {
  /** `whole`: up to its end mark; `declined`: the meter said no; `broken`: it ended in the middle, or nothing came. */
  readonly kind: "whole" | "declined" | "broken";
  readonly bytes: Uint8Array;
  /** True once a dump's first lines had come. */
  readonly recognised: boolean;
  /** False if the line end behind the end mark did not come. */
  readonly ended: boolean;
}

/** How long an answer is awaited: instants of the clock. */
export interface AnswerTime {
  /** Until then a dump's first lines must have come. */
  readonly recogniseBy: number;
  /** Until then it must be over. */
  readonly endBy: number;
}

/** Silence in the middle of a dump after which it has stopped: the line itself never pauses (sheet a: 16 s for all). */
const GAP_MS = 3_000;
/** How long the line end behind the last word may take: it is one millisecond on the line. */
const LINE_END_MS = 500;
/** Ends of an answer (both sheets): the checksum and `END`, the words of a memory without records, the refusal. */
const END = /(?:0x[0-9A-Fa-f]{4} +|Log (?:Empty|Not Found)\s+)END|CMD Fail!/;
/** The longest of these ends in bytes, roughly: how far a search goes back in what was searched before. */
const END_LENGTH = 32;

/** Asks for the memory and awaits the answer's end. Rejects as the transport does; what had come is then still waiting. */
export async function ask(
  { transport, clock, signal }: SessionContext,
  reader: ByteReader,
  command: string,
  time: AnswerTime,
): Promise<Answer> {
  reader.skip(reader.waiting.length);
  await transport.write(latin1Bytes(`${command}\r\n`), signal);
  let recognised = false;
  for (let searched = 0; ; ) {
    const from = Math.max(0, searched - END_LENGTH);
    const end = END.exec(latin1(reader.waiting.subarray(from)));
    searched = reader.waiting.length;
    recognised ||= findHeader(latin1(reader.waiting)) !== null;
    if (end !== null) {
      const length = from + end.index + end[0].length;
      const lineEnd = await awaitLineEnd(reader, length, clock);
      const kind = end[0] === "CMD Fail!" ? "declined" : "whole";
      return { kind, bytes: reader.skip(length + lineEnd), recognised, ended: lineEnd > 0 };
    }
    const wait = recognised ? Math.min(GAP_MS, time.endBy - clock.now()) : time.recogniseBy - clock.now();
    if (wait <= 0 || !(await reader.more(wait))) {
      return { kind: "broken", bytes: reader.skip(reader.waiting.length), recognised, ended: false };
    }
  }
}

/** Awaits the line end at that place; gives its length, 0 if it does not come. Takes nothing. */
async function awaitLineEnd(reader: ByteReader, at: number, clock: Clock): Promise<number> {
  const deadline = clock.now() + LINE_END_MS;
  for (;;) {
    const [first, second] = reader.waiting.subarray(at);
    // CR LF, as in the samples; or the ETX that wraps the answer on some lines (sheet a).
    if (first === LF || first === ETX) return 1;
    if (first === CR && second === LF) return 2;
    if (first !== undefined && (first !== CR || second !== undefined)) return 0;
    const left = deadline - clock.now();
    if (left <= 0 || !(await reader.more(left))) return 0;
  }
}

const ETX = 0x03;
const LF = 0x0a;
const CR = 0x0d;
