import type { Readable } from "node:stream";
import type { Entry, ZipFile } from "yauzl";
import { Problem } from "../domain/problem.js";
import { Inflater } from "./inflater.js";
import { crc32 } from "./zip-crc.js";
import { zipProblem } from "./zip-problem.js";

/** One entry of an open archive. */
export interface ZipPart {
  readonly zip: ZipFile;
  readonly entry: Entry;
  /** The archive's path, for messages. */
  readonly path: string;
}

/** What an entry may inflate to. */
export interface InflateLimits {
  /** Bytes of one entry. */
  readonly maxBytes: number;
  /** Inflated bytes to one packed byte, looked at from `ratioFrom` inflated bytes on. */
  readonly maxRatio: number;
  readonly ratioFrom: number;
}

/**
 * Generous to every real export (20 to 31 to 1, some GB), out of reach for an archive made to fill a disk: deflate
 * itself can't do more than about 1,030 to 1.
 */
export const INFLATE_LIMITS: InflateLimits = { maxBytes: 64 * 2 ** 30, maxRatio: 500, ratioFrom: 100_000_000 };

/** Packed bytes that are unpacked at once: 8 MB at deflate's utmost, usually a sixth of one. */
const PIECE_BYTES = 1 << 13;

/**
 * The entry's bytes as they were before packing, in constant memory, each chunk valid until the next is asked for.
 * `advance` is told how many of its packed bytes have been read. Throws IMPORT_NOT_A_ZIP when what comes out is not what
 * the archive's directory promises (length, CRC-32) or exceeds the limits.
 */
export async function* inflated(
  part: ZipPart,
  advance: (packedBytes: number) => void,
  limits: InflateLimits = INFLATE_LIMITS,
): AsyncGenerator<Uint8Array, void, void> {
  const { zip, entry, path } = part;
  let packed: Readable | null = null;
  try {
    packed = await zip.openReadStreamPromise(entry, { decodeFileData: false });
    let bytes = 0;
    let crc = 0;
    for await (const [chunk, packedBytes] of entry.compressionMethod === 0 ? stored(packed) : inflate(packed)) {
      bytes += chunk.length;
      crc = crc32(chunk, crc);
      checkSize(part, bytes, packedBytes, limits);
      advance(packedBytes);
      if (chunk.length > 0) yield chunk;
    }
    if (bytes !== entry.uncompressedSize) throw damaged(part, `${bytes} bytes instead of ${entry.uncompressedSize}`);
    if (crc !== entry.crc32) throw damaged(part, "the checksum differs");
  } catch (error) {
    throw zipProblem(error, path);
  } finally {
    packed?.destroy();
  }
}

/** Reads the entry to its end and throws as {@link inflated} would. */
export async function verify(part: ZipPart, limits: InflateLimits = INFLATE_LIMITS): Promise<void> {
  for await (const _ of inflated(part, () => undefined, limits)) {
    // Only the checks matter.
  }
}

/** The entry's first bytes, that many or as many as there are, unproven; what follows them stays packed. */
export async function headOf(part: ZipPart, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of inflated(part, () => undefined)) {
    chunks.push(new Uint8Array(chunk));
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks).subarray(0, bytes);
}

/** Pieces of an entry, each with how many packed bytes have been read for it. */
type Pieces = AsyncGenerator<readonly [chunk: Uint8Array, packedBytes: number], void, void>;

async function* stored(packed: Readable): Pieces {
  let bytes = 0;
  for await (const chunk of packed as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    yield [chunk, bytes];
  }
}

async function* inflate(packed: Readable): Pieces {
  const inflater = new Inflater();
  let bytes = 0;
  try {
    for await (const read of packed as AsyncIterable<Buffer>) {
      for (let at = 0; at < read.length; at += PIECE_BYTES) {
        const piece = read.subarray(at, at + PIECE_BYTES);
        bytes += piece.length;
        yield [inflater.inflate(piece), bytes];
      }
    }
    yield [inflater.finish(), bytes];
  } finally {
    inflater.close();
  }
}

function checkSize(part: ZipPart, bytes: number, packedBytes: number, limits: InflateLimits): void {
  if (bytes > part.entry.uncompressedSize) throw damaged(part, "it is longer than the archive says");
  if (bytes > limits.maxBytes) throw damaged(part, `it is larger than ${limits.maxBytes} bytes`);
  if (bytes > limits.ratioFrom && bytes > packedBytes * limits.maxRatio) {
    throw damaged(part, `it inflates to more than ${limits.maxRatio} times its size`);
  }
}

function damaged(part: ZipPart, detail: string): Problem {
  return new Problem("IMPORT_NOT_A_ZIP", `${part.entry.fileName} in the archive is damaged: ${detail}`);
}
