import { LF, STX } from "../shared/astm/control.js";
import type { PlaceOf } from "../shared/hid/payloads.js";
import { BREAK, type ReportShape } from "../shared/hid/report-stream.js";

/** Bytes of a report in either direction, without its id (both sheets). */
const REPORT_BYTES = 64;
/** Three bytes of filler and the length stand before the payload (both sheets). */
const HEAD_BYTES = 4;
const LENGTH_AT = 3;
/** Most bytes of payload in a report: 60 (both sheets). */
const PAYLOAD_BYTES = REPORT_BYTES - HEAD_BYTES;
/** What meters fill their reports with: `ABC` (both sheets). */
const FILLER = [0x41, 0x42, 0x43] as const;

/**
 * Reports of the Contour Next family: filler, length, payload, zeros. The hub's filler is 00 00 00, as one of two public
 * programs sends it (sheet a); the other one sends ABC (sheet b). Meters take both. A frame goes on in the next report only
 * behind a full one (both sheets): what follows a shorter one is kept apart from it by a break.
 */
export function contourReports(): ReportShape {
  let [inFrame, full] = [false, true];
  return {
    payloadOf(report) {
      const payload = readReport(report);
      if (payload === null || payload.length === 0) return payload;
      const torn = inFrame && !full;
      full = payload.length === PAYLOAD_BYTES;
      inFrame = payload.lastIndexOf(STX) > payload.lastIndexOf(LF) || (inFrame && !payload.includes(LF));
      return torn ? Uint8Array.of(BREAK, ...payload) : payload;
    },
    reportsOf,
  };
}

/** What an input report carries; null if it is of another shape. */
export function readReport(report: Uint8Array): Uint8Array | null {
  const length = report[LENGTH_AT] ?? PAYLOAD_BYTES + 1;
  const shaped = FILLER.every((byte, at) => report[at] === byte) && length <= PAYLOAD_BYTES;
  return shaped && HEAD_BYTES + length <= report.length ? report.slice(HEAD_BYTES, HEAD_BYTES + length) : null;
}

/** The output reports that carry these bytes, with their ids. */
export function reportsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const reports: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PAYLOAD_BYTES) {
    const payload = bytes.subarray(at, at + PAYLOAD_BYTES);
    const report = new Uint8Array(1 + REPORT_BYTES);
    report[1 + LENGTH_AT] = payload.length;
    report.set(payload, 1 + HEAD_BYTES);
    reports.push(report);
  }
  return reports;
}

/** Where the payload stands in an input report; as far as it goes in one that is damaged or too short. */
export const payloadPlace: PlaceOf = (report) => {
  const from = Math.min(HEAD_BYTES, report.length);
  return [from, Math.min(from + Math.min(report[LENGTH_AT] ?? 0, PAYLOAD_BYTES), report.length)];
};
