import { Problem } from "../../../src/domain/problem.js";

/** Words of the Record Access Control Point (both sheets, "RACP"). There is one for deleting (2): it is not here. */
const OP = { report: 1, abort: 3, count: 4, counted: 5, answer: 6 } as const;
const OPERATOR = { none: 0, all: 1, from: 3 } as const;
/** What an operand compares: Glucose Service: the sequence number; CGM Service: minutes since the session's start. */
const FILTER = 1;

/** What may be asked for: all records, or those from a number on (it included), 0 to 65,535. */
export type RacpRange = "all" | { readonly from: number };

/** A request, and which word an answer to it names. */
export interface RacpRequest {
  readonly op: number;
  readonly bytes: Uint8Array;
}

/** How many records lie in that range? */
export function countRequest(range: RacpRange): RacpRequest {
  return request(OP.count, range);
}

/** Send the records of that range. */
export function reportRequest(range: RacpRange): RacpRequest {
  return request(OP.report, range);
}

/** Stop what you are sending. */
export function abortRequest(): RacpRequest {
  return { op: OP.abort, bytes: Uint8Array.of(OP.abort, OPERATOR.none) };
}

/** What a meter says at the control point: how many records, or how a request ended. */
export type RacpAnswer =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "end"; readonly op: number; readonly code: number };

/** How a request ended (both sheets). */
export const RACP_CODE = {
  success: 1,
  opNotSupported: 2,
  invalidOperator: 3,
  operatorNotSupported: 4,
  invalidOperand: 5,
  noRecords: 6,
  abortUnsuccessful: 7,
  notCompleted: 8,
  operandNotSupported: 9,
} as const;

/** The codes for people. */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [1, "done"],
  [2, "it does not know this request"],
  [3, "the range does not fit the request"],
  [4, "it does not know this range"],
  [5, "the number does not fit the range"],
  [6, "no records found"],
  [7, "it could not stop"],
  [8, "it could not complete it"],
  [9, "it can't compare by this number"],
]);

/** Counts have one, two or four bytes (sheet b; the profile: two). */
const COUNT_BYTES: ReadonlySet<number> = new Set([1, 2, 4]);

/** An answer out of its bytes. Throws FRAME_TRUNCATED if they end too early and FRAME_MALFORMED for anything else. */
export function readRacpAnswer(bytes: Uint8Array): RacpAnswer {
  const [word, operator, op, code] = bytes;
  if (operator === undefined || op === undefined) throw truncated(bytes);
  if (operator !== OPERATOR.none) throw malformed("has an operator, which no answer has");
  if (word === OP.counted) {
    if (!COUNT_BYTES.has(bytes.length - 2)) throw malformed(`counts in ${bytes.length - 2} bytes`);
    return { kind: "count", count: bytes.subarray(2).reduce((sum, byte, at) => sum + byte * 256 ** at, 0) };
  }
  if (word !== OP.answer) throw malformed("is neither a count nor the end of a request");
  if (code === undefined) throw truncated(bytes);
  if (bytes.length > 4) throw malformed("goes on after its end");
  return { kind: "end", op, code };
}

/** RACP_ABORTED for a transfer that was not completed, else RACP_REFUSED; both have `op` and `code` in their context. */
export function racpProblem(op: number, code: number): Problem {
  const meaning = MEANINGS.get(code) ?? `code ${code}, which nobody has described`;
  if (code === RACP_CODE.notCompleted) {
    return new Problem("RACP_ABORTED", `The meter broke the transfer off: ${meaning}.`, { op, code });
  }
  return new Problem("RACP_REFUSED", `The meter declined a request for its records: ${meaning}.`, { op, code });
}

function request(op: number, range: RacpRange): RacpRequest {
  if (range === "all") return { op, bytes: Uint8Array.of(op, OPERATOR.all) };
  const { from } = range;
  if (!Number.isInteger(from) || from < 0 || from > 0xffff) throw new RangeError(`no record has the number ${from}`);
  return { op, bytes: Uint8Array.of(op, OPERATOR.from, FILTER, from & 0xff, from >>> 8) };
}

function truncated(bytes: Uint8Array): Problem {
  return new Problem("FRAME_TRUNCATED", "The meter's answer about its records is cut short.", { bytes: bytes.length });
}

function malformed(how: string): Problem {
  return new Problem("FRAME_MALFORMED", `The meter's answer about its records ${how}.`);
}
