import type { Clock } from "../domain/clock.js";
import type { BlockTransport } from "../kit/transport.js";
import type { RecordHeaders } from "./record.js";
import { type Recording, TranscriptLog } from "./transcript-log.js";

/** A block device whose conversation is written down. */
export interface RecordingBlock extends BlockTransport, Recording {}

/**
 * Passes everything through to `inner` and writes it down: `>[lba 3]` a block that was written, `<[lba 3]` one that was
 * read. Throws TRANSCRIPT_MALFORMED at once for headers that can't be written.
 */
export function recordBlock(inner: BlockTransport, clock: Clock, headers: RecordHeaders): RecordingBlock {
  const log = new TranscriptLog(clock, headers);
  return {
    kind: "block",
    name: inner.name,
    readBlock: (lba, signal) => log.receive("report", blockChannel(lba), signal, () => inner.readBlock(lba, signal)),
    writeBlock: (lba, block, signal) =>
      log.send(blockChannel(lba), block, signal, () => inner.writeBlock(lba, block, signal)),
    close: () => inner.close(),
    transcript: () => log.transcript(),
    text: () => log.text(),
  };
}

/** The channel of a block in a transcript: `lba 3`. */
export function blockChannel(lba: number): string {
  return `lba ${lba}`;
}
