import type { BlockSimulator } from "../../../src/kit/driver.js";
import { BLOCK_BYTES } from "../../../src/kit/transport.js";

/** A command as it comes in a wrapper of 31 bytes (USB Mass Storage Class, Bulk-Only Transport 1.0, 5.1). */
export interface Command {
  readonly tag: number;
  /** How many bytes the host will send, or wants. */
  readonly length: number;
  readonly toHost: boolean;
  readonly bytes: Uint8Array;
}

/** What the disk says to a command. Without `data` it failed, and why stands in its sense. */
export interface Answer {
  readonly ok: boolean;
  readonly data: Uint8Array;
}

/** READ(10). */
export const READ = 0x28;
const COMMAND_WRAPPER = 0x43425355;
const STATUS_WRAPPER = 0x53425355;
const COMMAND_BYTES = 31;
const NOTHING = new Uint8Array();
const OK: Answer = { ok: true, data: NOTHING };

/** Reads a command's wrapper; null if it is none. */
export function parseCommand(bytes: Uint8Array): Command | null {
  if (bytes.length !== COMMAND_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== COMMAND_WRAPPER) return null;
  const length = view.getUint8(14) & 0x1f;
  if (length < 1 || length > 16) return null;
  return {
    tag: view.getUint32(4, true),
    length: view.getUint32(8, true),
    toHost: (view.getUint8(12) & 0x80) !== 0,
    bytes: Uint8Array.from(bytes.subarray(15, 15 + length)),
  };
}

/** The wrapper that ends a command: how many bytes were not those asked for, and whether it went well. */
export function statusWrapper(tag: number, residue: number, ok: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(13));
  view.setUint32(0, STATUS_WRAPPER, true);
  view.setUint32(4, tag, true);
  view.setUint32(8, residue, true);
  view.setUint8(12, ok ? 0 : 1);
  return new Uint8Array(view.buffer);
}

/** A disk as a SCSI device: what a kernel asks when it is plugged in, and blocks read and written. */
export class ScsiDisk {
  readonly #disk: BlockSimulator;
  #sense = { key: 0, code: 0 };

  constructor(disk: BlockSimulator) {
    this.#disk = disk;
  }

  /** Does one command; `sent` is what the host sent with it. */
  answer(command: Uint8Array, sent: Uint8Array): Answer {
    const view = new DataView(command.buffer, command.byteOffset, command.length);
    switch (command[0]) {
      case 0x00: // TEST UNIT READY
      case 0x1b: // START STOP UNIT
      case 0x1e: // PREVENT ALLOW MEDIUM REMOVAL
      case 0x35: // SYNCHRONIZE CACHE
        return OK;
      case 0x03:
        return this.#tellSense();
      case 0x12:
        return (view.getUint8(1) & 1) === 0 ? { ok: true, data: this.#inquiry() } : this.#refuse(0x24);
      case 0x1a: // MODE SENSE(6): no pages, not write-protected
        return { ok: true, data: Uint8Array.of(3, 0, 0, 0) };
      case 0x25:
        return { ok: true, data: this.#capacity() };
      case READ:
        return this.#blocks(view, (lba, count) => this.#read(lba, count));
      case 0x2a:
        return this.#blocks(view, (lba, count) => this.#write(lba, count, sent));
      default:
        return this.#refuse(0x20); // INVALID COMMAND OPERATION CODE
    }
  }

  #blocks(view: DataView, act: (lba: number, count: number) => Answer): Answer {
    const [lba, count] = [view.getUint32(2), view.getUint16(7)];
    // LOGICAL BLOCK ADDRESS OUT OF RANGE
    return lba + count > this.#disk.blocks ? this.#refuse(0x21) : act(lba, count);
  }

  #read(lba: number, count: number): Answer {
    const data = new Uint8Array(count * BLOCK_BYTES);
    for (let index = 0; index < count; index += 1) {
      data.set(this.#disk.readBlock(lba + index), index * BLOCK_BYTES);
    }
    return { ok: true, data };
  }

  #write(lba: number, count: number, sent: Uint8Array): Answer {
    // INVALID FIELD IN CDB: the wrapper did not bring what the command says
    if (sent.length !== count * BLOCK_BYTES) return this.#refuse(0x24);
    for (let index = 0; index < count; index += 1) {
      this.#disk.writeBlock(lba + index, sent.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    }
    return OK;
  }

  #inquiry(): Uint8Array {
    const { vendor, product } = this.#disk.inquiry;
    const names = `${vendor.padEnd(8).slice(0, 8)}${product.padEnd(16).slice(0, 16)}1.00`;
    // A removable disk that keeps to SPC-2.
    return Buffer.concat([Uint8Array.of(0, 0x80, 4, 2, 31, 0, 0, 0), Buffer.from(names, "latin1")]);
  }

  #capacity(): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, this.#disk.blocks - 1);
    view.setUint32(4, BLOCK_BYTES);
    return new Uint8Array(view.buffer);
  }

  #refuse(code: number): Answer {
    this.#sense = { key: 5, code }; // ILLEGAL REQUEST
    return { ok: false, data: NOTHING };
  }

  #tellSense(): Answer {
    const { key, code } = this.#sense;
    this.#sense = { key: 0, code: 0 };
    return { ok: true, data: Uint8Array.of(0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, 0, 0, 0, 0, 0) };
  }
}
