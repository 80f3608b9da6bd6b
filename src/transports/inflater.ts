import { constants, createInflateRaw, type InflateRaw } from "node:zlib";

/** Memory that all pieces come out in; one that needs more gets memory of its own. */
const MEMORY_BYTES = 1 << 20;

/** What there is of Node's zlib streams beside their documentation. */
interface Inner {
  _handle: { close(): void } | null;
  _processChunk(bytes: Uint8Array, flush: number): Buffer;
}

/**
 * Inflates raw deflate data (RFC 1951) piece by piece, on this thread and always into the same memory. As a stream, zlib
 * hands each piece to another thread and takes new memory for it: waiting and clearing up then take longer than inflating.
 *
 * Node documents no other way; this one, `_processChunk`, is older than its documentation, and npm unpacks every package
 * with it. It closes what it worked with, so that this must not be closable meanwhile.
 */
export class Inflater {
  readonly #stream: InflateRaw & Inner;
  readonly #handle: { close(): void };
  readonly #closeHandle: () => void;

  constructor() {
    this.#stream = createInflateRaw({ chunkSize: MEMORY_BYTES }) as InflateRaw & Inner;
    const handle = this.#stream._handle;
    if (handle === null) throw new Error("zlib gave no handle");
    this.#handle = handle;
    this.#closeHandle = handle.close.bind(handle);
    handle.close = () => undefined;
  }

  /** What these bytes unpack to; valid until the next call. Throws zlib's error. */
  inflate(packed: Uint8Array): Buffer {
    return this.#process(packed, constants.Z_NO_FLUSH);
  }

  /** The rest. Throws zlib's error where the data are not complete. */
  finish(): Buffer {
    return this.#process(new Uint8Array(0), constants.Z_FINISH);
  }

  /** Gives zlib's memory back; once. */
  close(): void {
    this.#closeHandle();
  }

  #process(packed: Uint8Array, flush: number): Buffer {
    try {
      return this.#stream._processChunk(packed, flush);
    } finally {
      this.#stream._handle = this.#handle;
      // Each call leaves a listener; and the error was thrown already when the stream tells it once more.
      this.#stream.removeAllListeners("error").on("error", () => undefined);
    }
  }
}
