import { concat } from "../kit/bytes.js";
import { AnyInbox } from "./any-inbox.js";

/** More than any known meter's memory holds: who sends that much unread speaks no meter's protocol. */
const LIMIT_BYTES = 4 * 1024 * 1024;
/** After how many small chunks they are joined to one, so that a flood of single bytes costs no more than its bytes. */
const JOIN_CHUNKS = 1024;

/** The bytes that have come from a device and were not read yet: a read gets them all, however they came. */
export class Inbox extends AnyInbox {
  readonly limit: string;
  readonly #limitBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** @param limitBytes how much may stand unread */
  constructor(limitBytes = LIMIT_BYTES) {
    super();
    this.limit = `${limitBytes} bytes`;
    this.#limitBytes = limitBytes;
  }

  override push(bytes: Uint8Array): boolean {
    // Nothing is no answer to a reader.
    return bytes.length === 0 || super.push(bytes);
  }

  protected put(bytes: Uint8Array): boolean {
    if (this.#size + bytes.length > this.#limitBytes) return false;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    if (this.#chunks.length === JOIN_CHUNKS) this.#chunks = [concat(this.#chunks)];
    return true;
  }

  protected take(): Uint8Array | null {
    if (this.#size === 0) return null;
    const bytes = concat(this.#chunks);
    this.clear();
    return bytes;
  }

  protected clear(): void {
    this.#chunks = [];
    this.#size = 0;
  }
}
