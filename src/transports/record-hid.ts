import type { Clock } from "../domain/clock.js";
import type { HidTransport } from "../kit/transport.js";
import type { RecordHeaders } from "./record.js";
import { type Recording, TranscriptLog } from "./transcript-log.js";

/** The channel of feature reports in a transcript: `>[feature] 50 ..` sets one, `?[feature] 50 ..` is one that was asked for. */
export const FEATURE_CHANNEL = "feature";

/** A HID device whose conversation is written down. */
export interface RecordingHid extends HidTransport, Recording {}

/**
 * Passes everything through to `inner` and writes it down, one line a report: `>` with the report's id in front, `<` as
 * it was read. Throws TRANSCRIPT_MALFORMED at once for headers that can't be written.
 */
export function recordHid(inner: HidTransport, clock: Clock, headers: RecordHeaders): RecordingHid {
  const log = new TranscriptLog(clock, headers);
  return {
    kind: "hid",
    name: inner.name,
    read: (signal) => log.receive("report", null, signal, () => inner.read(signal)),
    write: (report, signal) => log.send(null, report, signal, () => inner.write(report, signal)),
    setFeature: (report, signal) => log.send(FEATURE_CHANNEL, report, signal, () => inner.setFeature(report, signal)),
    getFeature: (id, length, signal) =>
      log.receive("read", FEATURE_CHANNEL, signal, () => inner.getFeature(id, length, signal)),
    close: () => inner.close(),
    transcript: () => log.transcript(),
    text: () => log.text(),
  };
}
