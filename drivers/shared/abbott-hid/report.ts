import { Problem } from "../../../src/domain/problem.js";
import { hex } from "../../../src/kit/bytes.js";

/** Bytes of a report, either way, without a report id (both sheets: reports are not numbered). */
export const REPORT_BYTES = 64;
/** Most bytes of content in one (sheet b; sheet a: 0 to 62). */
export const CONTENT_BYTES = 62;

/** First byte of a report: what it is (both sheets; 30 and the words behind 33 are sheet b's). */
export const TYPES = {
  /** Must come before any text. */
  init: 0x01,
  initReply: 0x71,
  /** The serial number, without a checksum: this family's drivers ask for it as text instead. */
  serialReply: 0x06,
  /** A question in text; answers come under it, too. */
  text: 0x60,
  /** The other type under which questions in text are taken: what the maker's program sends. */
  textOther: 0x21,
  /** Comes unasked, about every third report; says nothing. */
  keepAlive: 0x22,
  /** The device does not know the type of what it was sent. */
  unknownType: 0x30,
  /** About encryption: that it is not set up, or that setting it up failed. */
  security: 0x33,
} as const;

/** A report taken apart. */
export interface Report {
  readonly type: number;
  /** As many bytes as the report says; what lies behind them is left over from earlier ones and means nothing. */
  readonly content: Uint8Array;
}

/**
 * Takes a report apart. Throws FRAME_TRUNCATED if it has not 64 bytes, FRAME_MALFORMED if it says that it holds more than
 * fits. The content is a copy.
 */
export function readReport(bytes: Uint8Array): Report {
  const [type, length] = bytes;
  if (bytes.length !== REPORT_BYTES || type === undefined || length === undefined) {
    const detail = `A report of ${bytes.length} bytes came where ${REPORT_BYTES} were expected.`;
    throw new Problem("FRAME_TRUNCATED", detail, { frame: hex(bytes.subarray(0, REPORT_BYTES)) });
  }
  if (length > CONTENT_BYTES) {
    const detail = `A report says that it holds ${length} bytes; ${CONTENT_BYTES} are the most.`;
    throw new Problem("FRAME_MALFORMED", detail, { offset: 1, frame: hex(bytes) });
  }
  return { type, content: bytes.slice(2, 2 + length) };
}

/**
 * A report to send, with the id 0 in front that the transport wants. Throws RangeError for content that does not fit.
 */
export function reportOf(type: number, content: Uint8Array = new Uint8Array()): Uint8Array {
  if (content.length > CONTENT_BYTES) throw new RangeError(`${content.length} bytes do not fit into a report`);
  const report = new Uint8Array(1 + REPORT_BYTES);
  report[1] = type;
  report[2] = content.length;
  report.set(content, 3);
  return report;
}
