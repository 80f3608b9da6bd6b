import { Problem } from "../domain/problem.js";
import type { Transcript } from "../kit/transcript.js";
import { BLOCK_BYTES, type BlockTransport } from "../kit/transport.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { type LineKind, LineReplay } from "./line-replay.js";
import { blockChannel } from "./record-block.js";

/** The meter's side of a transcript of blocks. */
export interface ReplayBlock extends BlockTransport {
  /**
   * To be called when the driver has ended. Throws TRANSPORT_REPLAY with the first difference if the driver wrote or
   * read anything else than the transcript says, or if blocks or events of it are left over.
   */
  finish(): void;
}

const BLOCK: LineKind = {
  transport: "block",
  refuses: ({ type, channel, bytes }) => {
    if (type === "read") return "a block that is read stands behind <";
    if (channel === null || !/^lba (0|[1-9]\d*)$/.test(channel)) return "a block needs its number: [lba 3]";
    return bytes.length > BLOCK_BYTES ? `a block has ${BLOCK_BYTES} bytes, not ${bytes.length}` : null;
  },
  // A disk says nothing of its own accord.
  unasked: () => false,
};

/**
 * Plays a transcript to a driver: demands its reads and writes in order, and gives the blocks that were read; with times,
 * ends and differences as `replayTransport` has them. A line with less than a block is one that ends in zeros. Throws
 * TRANSPORT_REPLAY for a transcript that is not of a block device.
 */
export function replayBlock(transcript: Transcript, clock: VirtualClock): ReplayBlock {
  const replay = new LineReplay(padded(transcript), BLOCK, clock);
  return {
    kind: "block",
    name: `replay:${transcript.headers.driver}`,
    readBlock: (lba, signal) => {
      const wanted = blockChannel(lba);
      return replay.ask({ answeredBy: ({ channel }) => channel === wanted, name: `a read of [${wanted}]` }, signal);
    },
    writeBlock: async (lba, block, signal) => {
      if (block.length !== BLOCK_BYTES) {
        throw new Problem("INTERNAL", `a block has ${BLOCK_BYTES} bytes, not ${block.length}`);
      }
      await replay.send(blockChannel(lba), block, signal);
    },
    close: () => replay.close(),
    finish: () => replay.finish(),
  };
}

function padded(transcript: Transcript): Transcript {
  const events = transcript.events.map((event) => {
    if (!("bytes" in event) || event.bytes.length >= BLOCK_BYTES) return event;
    const bytes = new Uint8Array(BLOCK_BYTES);
    bytes.set(event.bytes);
    return { ...event, bytes };
  });
  return { ...transcript, events };
}
