import { Problem } from "../../../src/domain/problem.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";
import { sum16 } from "../../../src/kit/checksum.js";
import { findHeader } from "./header.js";

/** A whole memory as the meter sent it, its checksum and count found right. */
export interface Dump {
  readonly serial: string;
  readonly version: string;
  /** The line with the meter's clock, as sent, with its end. */
  readonly clock: Uint8Array;
  /** One line each, with its end, as sent. */
  readonly records: readonly Uint8Array[];
  /** False for an empty memory that came without a checksum: nothing vouches for it but coming twice alike. */
  readonly proven: boolean;
}

/** A dump that may be told. Of an empty memory whose clock never came twice alike, the clock is not. */
export interface ProvenDump extends Dump {
  readonly clockProven: boolean;
}

/** What ends a dump: the sum of all before in four hex digits, blanks, `END` (both sheets). */
const SUM_LINE = /0x([0-9A-Fa-f]{4}) +END/;
/** An empty memory's end (sheet b): the words where the count would stand, and no checksum. */
const EMPTY_END = /^Log Empty\s+END/;
/** The words that sheet a names beside those; what they mean is not known. */
const NOT_FOUND = /^Log Not Found/;

/**
 * Takes a dump apart and proves it. The sum runs from the line end before the serial number up to `0x` (both sheets, the
 * derived samples); what came before is no part of it: an echo of the question, noise, the STX that wraps the answer.
 * Throws FRAME_CHECKSUM if it came damaged, FRAME_MALFORMED if it came whole but holds another number of records than it
 * says, METER_REFUSED if the meter finds no log.
 */
export function readDump(frame: Uint8Array): Dump {
  const text = latin1(frame);
  const header = findHeader(text);
  if (header === null) throw damaged("The memory came without its first lines.", frame);
  const { serial, version, from, clockFrom, countFrom } = header;
  const head = { serial, version, clock: frame.slice(clockFrom, countFrom) };
  const told = text.slice(countFrom);
  if (NOT_FOUND.test(told)) throw new Problem("METER_REFUSED", "The meter says that it finds no log.");
  if (EMPTY_END.test(told)) return { ...head, records: [], proven: false };

  const sent = SUM_LINE.exec(told);
  if (sent === null) throw damaged("The memory came without its checksum.", frame);
  const sumAt = countFrom + sent.index;
  const sum = sum16(frame.subarray(from, sumAt));
  if (sum !== Number.parseInt(sent[1] ?? "", 16)) {
    const shown = sum.toString(16).toUpperCase().padStart(4, "0");
    throw damaged(`The memory's checksum is ${sent[1]} where ${shown} was expected.`, frame);
  }
  const { count } = header;
  const records = recordLines(frame.subarray(header.bodyFrom, sumAt));
  if (records.length !== count) {
    throw new Problem("FRAME_MALFORMED", `The meter announces ${count} records and sends ${records.length}.`, {
      announced: count,
      sent: records.length,
    });
  }
  return { ...head, records, proven: true };
}

/** The lines that say something; a lone line end stands between the count and the records of a Lite (sheet b). */
function recordLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf(LF, from);
    const line = body.slice(from, end < 0 ? body.length : end + 1);
    from += line.length;
    if (line.some((byte) => byte > BLANK && byte < DELETE)) lines.push(line);
  }
  return lines;
}

const LF = 0x0a;
const BLANK = 0x20;
const DELETE = 0x7f;

function damaged(detail: string, frame: Uint8Array): Problem {
  return new Problem("FRAME_CHECKSUM", detail, { bytes: frame.length, begins: hex(frame.subarray(0, 16)) });
}
