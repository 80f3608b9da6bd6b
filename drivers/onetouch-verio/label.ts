import { Problem } from "../../src/domain/problem.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { within } from "../../src/kit/exchange.js";
import type { BlockTransport } from "../../src/kit/transport.js";
import type { Patience } from "../shared/lifescan/patience.js";

/** Where the meter's disk says what it is: volume label and kind of file system in its first block (sheet a). */
export const LABEL_LBA = 0;
const LABEL_AT = 0x2b;
const LABEL = "LIFESCAN   FAT16";
/** How often the first block is read before the disk is left alone. */
const TRIES = 3;

/** True if that first block of a disk is the meter's. */
export function isLabelled(block: Uint8Array): boolean {
  return latin1(block.subarray(LABEL_AT, LABEL_AT + LABEL.length)) === LABEL;
}

/**
 * Reads the disk's first block, and nothing is written before it has shown the meter's label: the second lock beside the
 * vendor that the transport demands, since a request overwrites a block, which on any other disk is somebody's data.
 * Throws METER_UNSUPPORTED if the label is another one (as a probe FRAME_MALFORMED), METER_TIMEOUT if no block comes.
 */
export async function demandLabel(context: SessionContext<BlockTransport>, patience: Patience): Promise<void> {
  const { transport, clock, signal } = context;
  let came = false;
  for (let attempt = 0; attempt < (patience.probing ? 1 : TRIES); attempt += 1) {
    const silence = new Problem("METER_TIMEOUT");
    try {
      const ms = patience.left(patience.deadline());
      const block = await within(
        clock,
        ms,
        signal,
        () => silence,
        (inner) => transport.readBlock(LABEL_LBA, inner),
      );
      came = true;
      if (isLabelled(block)) return;
    } catch (error) {
      if (error !== silence) throw error;
    }
  }
  if (!came) throw new Problem("METER_TIMEOUT");
  if (patience.probing) throw new Problem("FRAME_MALFORMED", "This disk is not labelled as the meter's would be.");
  throw new Problem(
    "METER_UNSUPPORTED",
    "The disk does not bear the label that the meter's has; nothing was written to it.",
  );
}
