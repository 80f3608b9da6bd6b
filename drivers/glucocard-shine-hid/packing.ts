import type { Packing } from "../shared/cp2110/report-stream.js";

/** The one report id, both ways (sheet a). */
const REPORT_ID = 0x01;
/** Most bytes behind the id and the length, where a report fills a packet of full-speed USB: 64 bytes. */
const ROOM = 62;

/**
 * Reports of a Glucocard Shine Connex or Express: the id, the number of bytes of the stream, those bytes, and padding
 * (sheet a). The number does not count itself. A report shorter than it says contradicts itself.
 */
export const shinePacking: Packing = {
  room: ROOM,
  pack: (bytes) => Uint8Array.of(REPORT_ID, bytes.length, ...bytes),
  carried(report) {
    const [id, count = 0] = report;
    return id === REPORT_ID && report.length >= 2 + count ? { from: 2, to: 2 + count } : null;
  },
};
