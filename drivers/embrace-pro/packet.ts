import { Problem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";

/** Every packet begins with it (sheet a). */
export const START = 0x80;
/** Start, size and its complement stand before the command; two check bytes behind the data (sheet a). */
const SIZE_AT = 1;
const INVERSE_AT = 2;
export const COMMAND_AT = 3;
export const DATA_AT = 4;
const CHECK_BYTES = 2;
const SHORTEST_BYTES = DATA_AT + CHECK_BYTES;

/** What the hub and the meter say to one another. */
export interface Packet {
  readonly command: number;
  readonly data: Uint8Array;
  /** From the start to the check bytes, without what the report is filled up with. */
  readonly raw: Uint8Array;
}

/** A packet's bytes: `80, size, ~size, command, data…, check, check`; the size counts command and data (sheet a). */
export function packetOf(command: number, data: readonly number[] = []): Uint8Array {
  const size = data.length + 1;
  const body = Uint8Array.of(START, size, ~size & 0xff, command, ...data);
  return Uint8Array.of(...body, ...checkBytes(body));
}

/**
 * Reads the packet that a report begins with. Throws FRAME_MALFORMED for another beginning, FRAME_TRUNCATED if the report is
 * shorter than the packet says, and FRAME_CHECKSUM if size or bytes were turned over on the way.
 */
export function readPacket(report: Uint8Array): Packet {
  if (report[0] !== START) throw new Problem("FRAME_MALFORMED", "What came begins no packet.", { offset: 0 });
  if (report.length < SHORTEST_BYTES) throw truncated(report);
  const size = report[SIZE_AT] ?? 0;
  if (((size ^ (report[INVERSE_AT] ?? 0)) & 0xff) !== 0xff) {
    throw new Problem("FRAME_CHECKSUM", "A packet's size and its complement do not fit.", { offset: SIZE_AT });
  }
  if (size < 1) throw new Problem("FRAME_MALFORMED", "A packet says to hold no command.", { offset: SIZE_AT });
  const end = COMMAND_AT + size;
  if (end + CHECK_BYTES > report.length) throw truncated(report);
  const stated = hex(report.subarray(end, end + CHECK_BYTES));
  const right = hex(checkBytes(report.subarray(0, end)));
  if (stated !== right) {
    throw new Problem("FRAME_CHECKSUM", `A packet says the check bytes ${stated}, but its bytes give ${right}.`, {
      offset: end,
    });
  }
  return {
    command: report[COMMAND_AT] ?? 0,
    data: report.slice(DATA_AT, end),
    raw: report.slice(0, end + CHECK_BYTES),
  };
}

/**
 * The check bytes of a packet without them: the complement of all even bytes combined by exclusive or, start among them and
 * counted from it, then of all odd ones (sheet a: start, ~size and data 0, 2, …; size, command and data 1, 3, …).
 */
export function checkBytes(body: Uint8Array): Uint8Array {
  const sums = [0, 0];
  for (const [at, byte] of body.entries()) sums[at % 2] = (sums[at % 2] ?? 0) ^ byte;
  return Uint8Array.from(sums, (sum) => ~sum & 0xff);
}

function truncated(report: Uint8Array): Problem {
  return new Problem("FRAME_TRUNCATED", "A packet is longer than the report that it came in.", {
    bytes: report.length,
  });
}
