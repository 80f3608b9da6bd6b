import { Problem } from "../../../../src/domain/problem.js";
import { hex } from "../../../../src/kit/bytes.js";
import { REPORT_BYTES } from "../report.js";
import { cmac, type Mac } from "./cmac.js";
import { type Stream, stream } from "./stream.js";

/** Types that are never encrypted, either way (sheet b). */
export const CLEAR_TYPES: ReadonlySet<number> = new Set([
  0x01, 0x04, 0x05, 0x06, 0x0c, 0x0d, 0x14, 0x15, 0x22, 0x33, 0x34, 0x35, 0x71,
]);
/** Where an encrypted report has what (sheet b): type, length and content encrypted, counter, check. */
const COUNTER_AT = 56;
const MAC_AT = 60;
/** Most bytes of content in one. */
export const SECURE_CONTENT_BYTES = 54;
/** The host counts nothing: its number for the stream is always this one (sheet b). */
const HOST_IV = { x: 0, y: 0xff };

/** The keys of one conversation. */
export interface SessionKeys {
  readonly enc: Uint8Array;
  readonly mac: Uint8Array;
}

/** A report of the reader's, proven and decrypted. */
export interface OpenedReport {
  /** Of 64 bytes, as one that was never encrypted; what lies behind the content is zero. */
  readonly report: Uint8Array;
  /** The reader's count of its reports. */
  readonly counter: number;
}

/** Encrypts what the host sends and decrypts what the reader does. */
export class SecureReports {
  readonly #stream: Stream;
  readonly #mac: Mac;

  constructor(keys: SessionKeys) {
    this.#stream = stream(keys.enc);
    this.#mac = cmac(keys.mac);
  }

  /** Encrypts a report of 64 bytes, its type in front. Throws RangeError for more content than fits. */
  seal(report: Uint8Array): Uint8Array {
    if ((report[1] ?? 0) > SECURE_CONTENT_BYTES) throw new RangeError(`${report[1]} bytes do not fit, encrypted`);
    const sealed = new Uint8Array(REPORT_BYTES);
    sealed[0] = report[0] ?? 0;
    sealed.set(this.#stream(HOST_IV, report.subarray(1, COUNTER_AT)), 1);
    sealed.set(this.#check(sealed), MAC_AT);
    return sealed;
  }

  /**
   * Proves and decrypts a report of the reader's. Throws FRAME_TRUNCATED, FRAME_CHECKSUM if its check is not right, and
   * FRAME_MALFORMED if it says that it holds more than fits.
   */
  open(sealed: Uint8Array): OpenedReport {
    if (sealed.length !== REPORT_BYTES) {
      throw new Problem("FRAME_TRUNCATED", `A report of ${sealed.length} bytes came.`, { frame: hex(sealed) });
    }
    if (!this.#check(sealed).every((byte, at) => byte === sealed[MAC_AT + at])) {
      throw new Problem("FRAME_CHECKSUM", "An encrypted report does not prove itself.", { frame: hex(sealed) });
    }
    const counter = new DataView(sealed.buffer, sealed.byteOffset).getUint32(COUNTER_AT);
    // The counter times 256.
    const iv = { x: counter >>> 24, y: (counter << 8) >>> 0 };
    const report = new Uint8Array(REPORT_BYTES);
    report[0] = sealed[0] ?? 0;
    report.set(this.#stream(iv, sealed.subarray(1, COUNTER_AT)), 1);
    const length = report[1] ?? 0;
    if (length > SECURE_CONTENT_BYTES)
      throw new Problem("FRAME_MALFORMED", `An encrypted report says it holds ${length} bytes.`);
    return { report: report.fill(0, 2 + length), counter };
  }

  /** The last four of the eight bytes that check all before them. */
  #check(sealed: Uint8Array): Uint8Array {
    return this.#mac(sealed.subarray(0, MAC_AT)).subarray(4);
  }
}
