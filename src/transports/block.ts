import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { systemClock } from "../kit/system-clock.js";
import { BLOCK_BYTES, type BlockTransport } from "../kit/transport.js";
import {
  type BlockFile,
  blockFlags,
  blockOpenProblem,
  type FoundNode,
  findBlockNode,
  type OpenBlockFile,
  openBlockFile,
} from "./block-open.js";
import { whyNotWritable } from "./block-vendor.js";
import { nodeOf } from "./device-node.js";
import { OpenDevice } from "./open-device.js";
import { openInTime } from "./open-in-time.js";

/** For tests; the defaults are what the hub uses. */
export interface BlockOptions {
  readonly clock?: Clock;
  readonly sysDir?: string;
  /** Where the system lists what is mounted. */
  readonly mountsFile?: string;
  readonly openFile?: OpenBlockFile;
}

/** What must be true of a disk before it is written to. */
export interface BlockExpectation {
  /** The vendor that it gives to INQUIRY, to the letter: `LifeScan`. */
  readonly vendor: string;
}

/** The language's own, which the compiler's library for programs without a browser leaves out. */
declare const WebAssembly: { readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

/**
 * Opens a disk whose blocks are a meter's mailbox. Rejects with TRANSPORT_OPEN (context `reason`: `missing`,
 * `permission`, `busy` also where it is mounted, `no-disk`, `slow`, `other`) or the signal's reason. A disk that is not
 * proven to be of the vendor is opened for reading only, and every `writeBlock` rejects with METER_UNSUPPORTED; the
 * proof is asked for again before each block is written. What hangs, or gives less than a block, ends in TRANSPORT_GONE.
 */
export async function openBlock(
  path: string,
  expect: BlockExpectation,
  signal?: AbortSignal,
  options: BlockOptions = {},
): Promise<BlockTransport> {
  signal?.throwIfAborted();
  const clock = options.clock ?? systemClock;
  const sysDir = options.sysDir ?? "/sys";
  const opening = open(path, expect, sysDir, options);
  const opened = await openInTime(path, opening, ({ file }) => file.close(), clock, signal);
  const block = new Block(opened, { path, clock, sysDir, vendor: expect.vendor });
  await block.watch();
  return block;
}

interface Opened {
  readonly file: BlockFile;
  readonly node: FoundNode;
  /** Why it may not be written to; null if it may. */
  readonly refusal: string | null;
}

async function open(
  path: string,
  { vendor }: BlockExpectation,
  sysDir: string,
  options: BlockOptions,
): Promise<Opened> {
  const found = await findBlockNode(path);
  const refusal = await whyNotWritable(sysDir, found, vendor);
  let file: Awaited<ReturnType<OpenBlockFile>>;
  try {
    file = await (options.openFile ?? openBlockFile)(found.path, blockFlags(refusal === null));
  } catch (error) {
    throw await blockOpenProblem(found.path, error, options.mountsFile ?? "/proc/self/mounts");
  }
  try {
    // Between the two looks the path may have become another disk: what counts is the one that is open.
    const node = { ...found, rdev: (await file.stat({ bigint: true })).rdev };
    return { file, node, refusal: refusal ?? (await whyNotWritable(sysDir, node, vendor)) };
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

interface Facts {
  readonly path: string;
  readonly clock: Clock;
  readonly sysDir: string;
  readonly vendor: string;
}

class Block implements BlockTransport {
  readonly kind = "block";
  readonly name: string;
  readonly #facts: Facts;
  readonly #file: BlockFile;
  readonly #node: FoundNode;
  #refusal: string | null;
  /** Begins at a page, as reading and writing past the cache demands; a Buffer of this size begins anywhere. */
  readonly #memory = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, BLOCK_BYTES);
  readonly #device: OpenDevice;
  /** Resolves when no call is under way: the memory is there once. */
  #idle: Promise<unknown> = Promise.resolve();

  constructor({ file, node, refusal }: Opened, facts: Facts) {
    this.name = facts.path;
    this.#facts = facts;
    this.#file = file;
    this.#node = node;
    this.#refusal = refusal;
    // Closed under a call that is under way, its number could be given to another file.
    const release = (): Promise<void> => this.#idle.then(() => this.#file.close());
    this.#device = new OpenDevice({ name: facts.path, clock: facts.clock, release });
  }

  async watch(): Promise<void> {
    await this.#device.watch(this.#node.path);
  }

  async readBlock(lba: number, signal?: AbortSignal): Promise<Uint8Array> {
    const at = positionOf(lba);
    return await this.#call(signal, async () => {
      const { bytesRead } = await this.#file.read(this.#memory, 0, BLOCK_BYTES, at);
      // A disk that was unplugged gives nothing, and no error.
      if (bytesRead !== BLOCK_BYTES) throw new Error(`only ${bytesRead} bytes of block ${lba} came`);
      return Uint8Array.from(this.#memory);
    });
  }

  async writeBlock(lba: number, block: Uint8Array, signal?: AbortSignal): Promise<void> {
    const at = positionOf(lba);
    if (block.length !== BLOCK_BYTES)
      throw new Problem("INTERNAL", `a block has ${BLOCK_BYTES} bytes, not ${block.length}`);
    const bytes = Uint8Array.from(block);
    await this.#call(signal, async () => {
      await this.#proveVendor();
      // The proof took a moment in which the caller may have thought better of it.
      signal?.throwIfAborted();
      this.#device.over.throwIfAborted();
      this.#memory.set(bytes);
      const { bytesWritten } = await this.#file.write(this.#memory, 0, BLOCK_BYTES, at);
      if (bytesWritten !== BLOCK_BYTES) throw new Error(`only ${bytesWritten} bytes of block ${lba} were taken`);
    });
  }

  async close(): Promise<void> {
    await this.#device.close();
  }

  /** Throws METER_UNSUPPORTED, from then on always, unless the open disk is the vendor's at this moment. */
  async #proveVendor(): Promise<void> {
    const { sysDir, vendor } = this.#facts;
    this.#refusal ??= await whyNotWritable(sysDir, this.#node, vendor);
    if (this.#refusal === null) return;
    // A disk that has been unplugged meanwhile is no longer listed either, and that is all there is to say of it.
    if ((await nodeOf(this.#node.path)) === null) throw this.#device.lost();
    throw new Problem("METER_UNSUPPORTED", `nothing was written to ${this.name}: ${this.#refusal}`, {
      path: this.name,
    });
  }

  async #call<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    return await this.#device.call("the system does not answer", signal, () => {
      const done = this.#idle.then(async () => {
        signal?.throwIfAborted();
        this.#device.over.throwIfAborted();
        return await act();
      });
      this.#idle = done.catch(() => undefined);
      return done;
    });
  }
}

function positionOf(lba: number): number {
  const at = lba * BLOCK_BYTES;
  if (!Number.isSafeInteger(lba) || !Number.isSafeInteger(at) || lba < 0)
    throw new Problem("INTERNAL", `no block ${lba}`);
  return at;
}
