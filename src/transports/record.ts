import type { Clock } from "../domain/clock.js";
import type { StreamTransport } from "../kit/transport.js";
import { type RecordHeaders, type Recording, TranscriptLog } from "./transcript-log.js";

export { type RecordHeaders, SHORTEST_SILENCE_MS } from "./transcript-log.js";

/** A stream whose conversation is written down. */
export interface RecordingTransport extends StreamTransport, Recording {}

/**
 * Passes everything through to `inner` and writes it down: bytes as they go, silences, how it ended. Header values are
 * put on one line, as devices' names need not be. Throws TRANSCRIPT_MALFORMED at once for headers that can't be written.
 */
export function recordTransport(inner: StreamTransport, clock: Clock, headers: RecordHeaders): RecordingTransport {
  const log = new TranscriptLog(clock, headers);
  return {
    kind: "stream",
    name: inner.name,
    read: (signal) => log.receive("report", null, signal, () => inner.read(signal)),
    write: (bytes, signal) => log.send(null, bytes, signal, () => inner.write(bytes, signal)),
    close: () => inner.close(),
    transcript: () => log.transcript(),
    text: () => log.text(),
  };
}
