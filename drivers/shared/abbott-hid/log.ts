import { Problem } from "../../../src/domain/problem.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";
import { sum32, sumText } from "./sum32.js";

/** A log as the meter told it, its own checksum and count found right. */
export interface Log {
  readonly count: number;
  /** The records, one line each with its end, in the order sent; made anew at each call, so that none is held twice. */
  lines(): Generator<Uint8Array, void, void>;
}

/** The words of a log without records (sheet b). */
const EMPTY = "Log Empty\r\n";
/** The line behind the records: how many they are, and the sum of all their bytes (both sheets). */
const TAIL = /(?:^|\n)(0|[1-9][0-9]{0,6}),([0-9A-F]{8})\r\n$/;
/** Bytes in which that line has room. */
const TAIL_BYTES = 24;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Takes an answer's message apart as a log: lines of records, then their number and the sum of their bytes (both sheets);
 * or the words for an empty one. Throws FRAME_CHECKSUM if the sum or the number is wrong, FRAME_MALFORMED if the message
 * is no log at all.
 */
export function readLog(message: Uint8Array): Log {
  if (message.length === EMPTY.length && latin1(message) === EMPTY) return logOf(0, new Uint8Array());
  const tail = TAIL.exec(latin1(message.subarray(-TAIL_BYTES)));
  if (tail === null) throw problem("FRAME_MALFORMED", "An answer is no log: it does not end with a count.", message);
  const tailBytes = tail[0].length - (tail[0].startsWith("\n") ? 1 : 0);
  const records = message.subarray(0, message.length - tailBytes);
  const [told, sum] = [tail[2], sumText(sum32(records))];
  if (told !== sum) {
    throw problem("FRAME_CHECKSUM", `A log's checksum is ${told} where ${sum} was expected.`, message);
  }
  const [count, found] = [Number(tail[1]), lineEnds(records)];
  if (count !== found) {
    throw problem("FRAME_CHECKSUM", `A log says that it holds ${count} records, and holds ${found}.`, message);
  }
  return logOf(count, records);
}

function logOf(count: number, records: Uint8Array): Log {
  return {
    count,
    *lines() {
      for (let from = 0; from < records.length; ) {
        const end = records.indexOf(LF, from);
        const to = end < 0 ? records.length : end + 1;
        yield records.slice(from, to);
        from = to;
      }
    },
  };
}

function lineEnds(records: Uint8Array): number {
  let ends = 0;
  for (let at = records.indexOf(LF); at >= 0; at = records.indexOf(LF, at + 1)) if (records[at - 1] === CR) ends += 1;
  return ends;
}

function problem(code: "FRAME_CHECKSUM" | "FRAME_MALFORMED", detail: string, message: Uint8Array): Problem {
  return new Problem(code, detail, { bytes: message.length, begins: hex(message.subarray(0, 32)) });
}
