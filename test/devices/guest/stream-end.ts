import { close, openSync, read, write } from "node:fs";
import { promisify } from "node:util";
import type { Gate } from "./cable.js";

/** How a meter sends on a line: piece by piece past the gate, as long as it is plugged in. */
export function gated(gate: Gate, plugged: () => boolean, end: Pick<StreamEnd, "send">): (bytes: Uint8Array) => void {
  let last: Promise<void> = Promise.resolve();
  return (bytes) => {
    last = last.then(async () => {
      if (!plugged()) return;
      await gate(bytes.length);
      if (plugged()) end.send(bytes);
    });
  };
}

const readFrom = promisify(read);
const writeTo = promisify(write);
const CHUNK = 4_096;

/** The far end of a line, as a device file; ends by itself when the line is hung up. */
export class StreamEnd {
  readonly #fd: number;
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  /** @param onBytes gets what comes, as it comes */
  constructor(path: string, onBytes: (bytes: Uint8Array) => void) {
    this.#fd = openSync(path, "r+");
    void this.#listen(onBytes);
  }

  /** Sends bytes after those before; lost once the line is hung up. */
  send(bytes: Uint8Array): void {
    this.#last = this.#last.then(() => this.#write(bytes)).catch(() => undefined);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#ended; ) {
      at += (await writeTo(this.#fd, bytes, at, bytes.length - at, null)).bytesWritten;
    }
  }

  async #listen(onBytes: (bytes: Uint8Array) => void): Promise<void> {
    const buffer = Buffer.alloc(CHUNK);
    for (;;) {
      const { bytesRead } = await readFrom(this.#fd, buffer, 0, CHUNK, null).catch(() => ({ bytesRead: 0 }));
      if (bytesRead === 0) break;
      onBytes(Uint8Array.from(buffer.subarray(0, bytesRead)));
    }
    this.#ended = true;
    await this.#last;
    close(this.#fd, () => undefined);
  }
}
