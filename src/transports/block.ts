import type { Clock } from "../domain/clock.js";
import { isProblem, Problem } from "../domain/problem.js";
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
import { bounded, wordsOf } from "./bounded.js";
import { nodeOf, watchNode } from "./device-node.js";

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

/** How long the system may take for one block, or to open the disk, milliseconds. */
const SYSTEM_TIMEOUT_MS = 5000;
/** How long callers are kept waiting for the disk to be closed, milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

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
  const late = (): Problem =>
    new Problem("TRANSPORT_OPEN", `${path} does not open within ${SYSTEM_TIMEOUT_MS} ms`, { path, reason: "slow" });
  const never = new AbortController().signal;
  try {
    const opened = await bounded({ clock, ms: SYSTEM_TIMEOUT_MS, over: never, signal, late }, opening);
    return await Block.start(opened, { path, clock, sysDir, vendor: expect.vendor });
  } catch (error) {
    // If it opens after all, nobody wants it any more.
    opening.then(
      ({ file }) => file.close().catch(() => undefined),
      () => undefined,
    );
    throw error;
  }
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
  /** Aborted with the reason when the disk ends. */
  readonly #over = new AbortController();
  /** Resolves when no call is under way: the memory is there once. */
  #idle: Promise<unknown> = Promise.resolve();
  #unwatch: () => void = () => undefined;
  #ending: Promise<void> | null = null;

  private constructor({ file, node, refusal }: Opened, facts: Facts) {
    this.name = facts.path;
    this.#facts = facts;
    this.#file = file;
    this.#node = node;
    this.#refusal = refusal;
  }

  static async start(opened: Opened, facts: Facts): Promise<Block> {
    const block = new Block(opened, facts);
    const node = await nodeOf(opened.node.path);
    if (node === null) void block.#end(block.#lost());
    else if (node !== undefined)
      block.#unwatch = watchNode(opened.node.path, node, () => void block.#end(block.#lost()));
    return block;
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
      this.#over.signal.throwIfAborted();
      this.#memory.set(bytes);
      const { bytesWritten } = await this.#file.write(this.#memory, 0, BLOCK_BYTES, at);
      if (bytesWritten !== BLOCK_BYTES) throw new Error(`only ${bytesWritten} bytes of block ${lba} were taken`);
    });
  }

  async close(): Promise<void> {
    await this.#end(new Problem("TRANSPORT_CANCELED"));
  }

  /** Throws METER_UNSUPPORTED, from then on always, unless the open disk is the vendor's at this moment. */
  async #proveVendor(): Promise<void> {
    const { sysDir, vendor } = this.#facts;
    this.#refusal ??= await whyNotWritable(sysDir, this.#node, vendor);
    if (this.#refusal === null) return;
    // A disk that has been unplugged meanwhile is no longer listed either, and that is all there is to say of it.
    if ((await nodeOf(this.#node.path)) === null) throw this.#lost();
    throw new Problem("METER_UNSUPPORTED", `nothing was written to ${this.name}: ${this.#refusal}`, {
      path: this.name,
    });
  }

  async #call<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const over = this.#over.signal;
    over.throwIfAborted();
    const done = this.#idle.then(async () => {
      signal?.throwIfAborted();
      over.throwIfAborted();
      return await act().catch((error: unknown) => {
        throw isProblem(error) || error === signal?.reason ? error : this.#lost(wordsOf(error), error);
      });
    });
    this.#idle = done.catch(() => undefined);
    const late = (): Problem => this.#lost(`the system does not answer within ${SYSTEM_TIMEOUT_MS} ms`);
    try {
      return await bounded({ clock: this.#facts.clock, ms: SYSTEM_TIMEOUT_MS, over, signal, late }, done);
    } catch (error) {
      if (isProblem(error, "TRANSPORT_GONE")) void this.#end(error);
      throw error;
    }
  }

  /** Ends everything, once; resolves when the disk is closed, or could not be within the bound. */
  #end(problem: Problem): Promise<void> {
    this.#ending ??= this.#finish(problem);
    return this.#ending;
  }

  async #finish(problem: Problem): Promise<void> {
    this.#unwatch();
    this.#over.abort(problem);
    const late = (): Problem => problem;
    const bounds = { clock: this.#facts.clock, ms: CLOSE_TIMEOUT_MS, over: new AbortController().signal, late };
    // Closed under a call that is under way, its number could be given to another file.
    const closed = this.#idle.then(() => this.#file.close());
    await bounded(bounds, closed).catch(() => undefined);
  }

  #lost(said?: string, cause?: unknown): Problem {
    const detail = said === undefined ? undefined : `${this.name} went away: ${said}`;
    return new Problem("TRANSPORT_GONE", detail, { path: this.name }, cause === undefined ? {} : { cause });
  }
}

function positionOf(lba: number): number {
  const at = lba * BLOCK_BYTES;
  if (!Number.isSafeInteger(lba) || !Number.isSafeInteger(at) || lba < 0)
    throw new Problem("INTERNAL", `no block ${lba}`);
  return at;
}
