import { execFileSync } from "node:child_process";
import { mkdirSync, openSync, read, write, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { functionDescriptors, noStrings, type UsbInterface } from "./usb-descriptors.js";

const readFrom = promisify(read);
const writeTo = promisify(write);
const EVENT_BYTES = 12;
const [ENABLE, DISABLE, SETUP] = [2, 3, 4] as const;

/** A request on the device's control endpoint that the kernel leaves to the function. */
export interface Setup {
  readonly requestType: number;
  readonly request: number;
  readonly value: number;
  readonly length: number;
}

/** What a function does when it is spoken to. */
export interface FunctionHandler {
  readonly interfaces: readonly UsbInterface[];
  /** The host has chosen it: its endpoints work from now on. */
  onEnable(): void;
  /** The bytes for a request that wants some, null to refuse. Without it all are refused. */
  onQuestion?(setup: Setup): Uint8Array | null;
  /** A request that brought these bytes; false to refuse. */
  onOrder?(setup: Setup, bytes: Uint8Array): boolean;
}

/**
 * A USB function that this program plays, by plain reads and writes (FunctionFS). Reads wait in the thread pool, one for
 * the control endpoint and one for each endpoint that is listened to: UV_THREADPOOL_SIZE must allow for them.
 */
export class FunctionFs {
  readonly #handler: FunctionHandler;
  readonly #control: number;
  readonly #endpoints: readonly number[];

  /** Mounts the function of that name and describes it. The gadget can be plugged in from then on. */
  constructor(name: string, handler: FunctionHandler) {
    this.#handler = handler;
    const folder = join("/run/lab-functions", name);
    mkdirSync(folder, { recursive: true });
    execFileSync("mount", ["-t", "functionfs", name, folder]);
    this.#control = openSync(join(folder, "ep0"), "r+");
    writeSync(this.#control, functionDescriptors(handler.interfaces));
    writeSync(this.#control, noStrings());
    const count = handler.interfaces.reduce((sum, one) => sum + one.endpoints.length, 0);
    this.#endpoints = Array.from({ length: count }, (_, index) => openSync(join(folder, `ep${index + 1}`), "r+"));
    void this.#serve();
  }

  /** The next bytes on an endpoint (1 is the first); waits, also for the device to be plugged in. Null if it was pulled out. */
  async receive(endpoint: number, most: number): Promise<Uint8Array | null> {
    const buffer = Buffer.alloc(most);
    try {
      const { bytesRead } = await readFrom(this.#fd(endpoint), buffer, 0, most, null);
      return Uint8Array.from(buffer.subarray(0, bytesRead));
    } catch {
      return null;
    }
  }

  /** Sends bytes; resolves when the host has taken them, with false if the device was pulled out before. */
  async send(endpoint: number, bytes: Uint8Array): Promise<boolean> {
    try {
      await writeTo(this.#fd(endpoint), bytes, 0, bytes.length, null);
      return true;
    } catch {
      return false;
    }
  }

  #fd(endpoint: number): number {
    const fd = this.#endpoints[endpoint - 1];
    if (fd === undefined) throw new Error(`there is no endpoint ${endpoint}`);
    return fd;
  }

  async #serve(): Promise<void> {
    const event = Buffer.alloc(EVENT_BYTES);
    for (;;) {
      const { bytesRead } = await readFrom(this.#control, event, 0, EVENT_BYTES, null);
      if (bytesRead < EVENT_BYTES) continue;
      const type = event.readUInt8(8);
      if (type === ENABLE) this.#handler.onEnable();
      if (type === SETUP) await this.#setup(event).catch(() => undefined);
      if (type === DISABLE) continue;
    }
  }

  async #setup(event: Buffer): Promise<void> {
    const setup: Setup = {
      requestType: event.readUInt8(0),
      request: event.readUInt8(1),
      value: event.readUInt16LE(2),
      length: event.readUInt16LE(6),
    };
    if ((setup.requestType & 0x80) !== 0) {
      const answer = this.#handler.onQuestion?.(setup) ?? null;
      // Reading where an answer is wanted refuses the request.
      if (answer === null) await readFrom(this.#control, Buffer.alloc(1), 0, 1, null);
      else
        await writeTo(this.#control, answer.subarray(0, setup.length), 0, Math.min(answer.length, setup.length), null);
      return;
    }
    // Read before it can be judged: reading is what acknowledges it.
    const bytes = Buffer.alloc(Math.max(1, setup.length));
    const { bytesRead } = await readFrom(this.#control, bytes, 0, bytes.length, null);
    this.#handler.onOrder?.(setup, Uint8Array.from(bytes.subarray(0, bytesRead)));
  }
}
