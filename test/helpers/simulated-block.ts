import type { BlockDriver } from "../../src/kit/driver.js";
import type { BlockTransport } from "../../src/kit/transport.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Heard, type HearOptions, hearOn } from "./simulated-line.js";

/** What a block takes to be read or written, virtual milliseconds. */
const BLOCK_MS = 1;

/** What answers in the blocks of a disk. May keep the hub waiting, or throw what a transport throws. */
export interface BlockAnswerer {
  readBlock(lba: number): Uint8Array | Promise<Uint8Array>;
  writeBlock(lba: number, block: Uint8Array): void | Promise<void>;
}

/** One thing that the hub did to the disk. */
export interface BlockOperation {
  readonly op: "read" | "write";
  readonly lba: number;
  /** What was written, or what came. */
  readonly block: Uint8Array;
}

/** All that a session told, with all that it did to the disk. */
export interface HeardBlock extends Heard {
  readonly operations: readonly BlockOperation[];
}

/** A disk with an answerer behind it; keeps what was done. */
export function diskOf(
  answerer: BlockAnswerer,
  clock: VirtualClock,
): BlockTransport & { readonly operations: readonly BlockOperation[] } {
  const operations: BlockOperation[] = [];
  const timed = async <T>(signal: AbortSignal | undefined, act: () => T | Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    await clock.sleep(BLOCK_MS, signal);
    return await aborted(signal, Promise.resolve().then(act));
  };
  return {
    kind: "block",
    name: "bench",
    operations,
    async readBlock(lba, signal) {
      const block = Uint8Array.from(await timed(signal, () => answerer.readBlock(lba)));
      operations.push({ op: "read", lba, block });
      return block;
    },
    async writeBlock(lba, block, signal) {
      operations.push({ op: "write", lba, block: Uint8Array.from(block) });
      await timed(signal, () => answerer.writeBlock(lba, block));
    },
    async close() {},
  };
}

/** Runs a driver's session against an answerer on the virtual clock; `stop` as in `hear`. */
export async function hearBlock(
  driver: Pick<BlockDriver, "session">,
  answerer: BlockAnswerer,
  clock: VirtualClock,
  options: HearOptions = {},
): Promise<HeardBlock> {
  const transport = diskOf(answerer, clock);
  const { operations } = transport;
  return {
    ...(await hearOn<BlockTransport>(driver, transport, clock, options)),
    written: operations.flatMap(({ op, block }) => (op === "write" ? [block] : [])),
    operations,
  };
}

/** The work, or the signal's reason if that comes first. */
async function aborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return await work;
  return await new Promise<T>((resolve, reject) => {
    const cancel = (): void => reject(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", cancel));
  });
}
