import type { HidTransport, StreamTransport } from "../../../src/kit/transport.js";

/** How a family carries a stream of bytes in HID reports. */
export interface ReportShape {
  /** The bytes of the stream that an input report carries; null if it has not the family's shape. Asked once a report. */
  payloadOf(report: Uint8Array): Uint8Array | null;
  /** The output reports that carry these bytes, ids in front. */
  reportsOf(bytes: Uint8Array): readonly Uint8Array[];
}

/**
 * Stands before the bytes of a report that is not understood. No family's text holds it, so that what comes before and
 * behind can never be taken for one message: the bytes alone might fit a checksum of eight bits.
 */
export const BREAK = 0x00;

/**
 * A HID device as a stream of bytes. Reports without payload are passed over. One of another shape is given whole, behind
 * a break: whatever reads the stream then finds damage there.
 */
export function reportStream(hid: HidTransport, shape: ReportShape): StreamTransport {
  return {
    kind: "stream",
    name: hid.name,
    async read(signal) {
      for (;;) {
        const report = await hid.read(signal);
        const bytes = shape.payloadOf(report) ?? Uint8Array.of(BREAK, ...report);
        if (bytes.length > 0) return bytes;
      }
    },
    async write(bytes, signal) {
      for (const report of shape.reportsOf(bytes)) await hid.write(report, signal);
    },
    close: () => hid.close(),
  };
}
