import { promises as fs, type Stats } from "node:fs";
import type { SerialPort } from "serialport";
import type { Clock } from "../domain/clock.js";
import { isProblem, Problem } from "../domain/problem.js";
import { within } from "../kit/exchange.js";
import { systemClock } from "../kit/system-clock.js";
import type { SerialSettings, StreamTransport } from "../kit/transport.js";
import { Inbox } from "./serial-inbox.js";
import { loadSerialLibrary, openPort, type SerialLibrary, serialLibrary } from "./serial-open.js";

/** For tests; the defaults are what the hub uses. */
export interface SerialOptions {
  readonly clock?: Clock;
  readonly loadLibrary?: SerialLibrary;
  /** How much may stand unread, bytes. */
  readonly inboxBytes?: number;
}

/** More than any known meter's memory holds: who sends that much unread speaks no meter's protocol. */
const INBOX_BYTES = 4 * 1024 * 1024;
/** How long the system may take to accept bytes or to open the port, milliseconds. */
const SYSTEM_TIMEOUT_MS = 5000;
/** How long readers are kept waiting for the port to be closed, milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** How often the device node is looked for while the port is open, milliseconds. */
const WATCH_EVERY_MS = 250;

/**
 * Opens a serial port, locked for this process. Rejects with TRANSPORT_OPEN (context `reason`: `missing`, `permission`,
 * `busy`, `no-port`, `slow`, `other`), TRANSPORT_LIBRARY, or the signal's reason. The transport rejects with
 * FRAME_MALFORMED when more than 4 MiB stand unread, and with TRANSPORT_GONE within two seconds of the device's unplugging.
 */
export async function openSerial(
  path: string,
  settings: SerialSettings,
  signal?: AbortSignal,
  options: SerialOptions = {},
): Promise<StreamTransport> {
  signal?.throwIfAborted();
  const clock = options.clock ?? systemClock;
  const library = await loadSerialLibrary(options.loadLibrary ?? serialLibrary);
  const opening = openPort(library, path, settings);
  const slow = (): Problem =>
    new Problem("TRANSPORT_OPEN", `${path} does not open within ${SYSTEM_TIMEOUT_MS} ms`, { path, reason: "slow" });
  let port: SerialPort;
  try {
    port = await within(clock, SYSTEM_TIMEOUT_MS, signal ?? new AbortController().signal, slow, (inner) =>
      until(inner, opening),
    );
  } catch (error) {
    // If it opens after all, nobody wants it any more.
    opening.then(
      (late) => late.close(() => undefined),
      () => undefined,
    );
    throw error;
  }
  return await Serial.start(port, path, clock, options.inboxBytes ?? INBOX_BYTES);
}

class Serial implements StreamTransport {
  readonly kind = "stream";
  readonly name: string;
  readonly #port: SerialPort;
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  /** Aborted with the reason when the port ends: what writes wait for beside the system. */
  readonly #over = new AbortController();
  #watch: NodeJS.Timeout | null = null;
  #ending: Promise<void> | null = null;

  private constructor(port: SerialPort, path: string, clock: Clock, inboxBytes: number) {
    this.name = path;
    this.#port = port;
    this.#clock = clock;
    this.#inbox = new Inbox(inboxBytes);
    // The port must flow from the first moment to the last: without a listener the library reads nothing, and then
    // never learns that the device went away.
    port.on("data", (bytes: Buffer) => {
      if (this.#inbox.push(Uint8Array.from(bytes))) return;
      const flood = new Problem("FRAME_MALFORMED", `${path} sent more than ${inboxBytes} bytes that nobody asked for`);
      void this.#end(flood);
    });
    port.on("close", () => void this.#end(this.#lost()));
    port.on("error", (error) => void this.#end(this.#lost(error)));
  }

  static async start(port: SerialPort, path: string, clock: Clock, inboxBytes: number): Promise<Serial> {
    const serial = new Serial(port, path, clock, inboxBytes);
    await serial.#watchNode();
    return serial;
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#inbox.read(signal);
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#over.signal.throwIfAborted();
    if (bytes.length === 0) return;
    const accepted = new Promise<void>((resolve, reject) => {
      this.#port.write(Buffer.from(bytes), (error) => (error ? reject(this.#lost(error)) : resolve()));
    });
    const stuck = (): Problem => this.#lost(new Error(`the system takes no bytes within ${SYSTEM_TIMEOUT_MS} ms`));
    const first = until(this.#over.signal, accepted);
    try {
      // A write on a port that was closed meanwhile never calls back: it is raced with the port's end and with time.
      await within(this.#clock, SYSTEM_TIMEOUT_MS, signal ?? this.#over.signal, stuck, (inner) => until(inner, first));
    } catch (error) {
      if (isProblem(error, "TRANSPORT_GONE")) void this.#end(error);
      throw error;
    }
  }

  async close(): Promise<void> {
    const canceled = new Problem("TRANSPORT_CANCELED");
    this.#inbox.end(canceled, true);
    await this.#end(canceled);
  }

  /**
   * Closes the port when its device node is gone or another one. On a hang-up under traffic the library may read zero
   * bytes over and over at full speed and report nothing (seen with serialport 13 on Linux); closing it ends that.
   */
  async #watchNode(): Promise<void> {
    const opened = await nodeOf(this.name);
    if (this.#over.signal.aborted) return;
    if (opened === null) {
      void this.#end(this.#lost());
      return;
    }
    let looking = false;
    this.#watch = setInterval(() => {
      if (looking) return;
      looking = true;
      void nodeOf(this.name).then((node) => {
        looking = false;
        const other = node && opened && (node.ino !== opened.ino || node.rdev !== opened.rdev);
        if (node === null || other === true) void this.#end(this.#lost());
      });
    }, WATCH_EVERY_MS);
    this.#watch.unref();
  }

  /** Ends everything, once; resolves when the port is closed, or could not be within the bound. */
  #end(problem: Problem): Promise<void> {
    this.#ending ??= this.#finish(problem);
    return this.#ending;
  }

  async #finish(problem: Problem): Promise<void> {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#over.abort(problem);
    const closed = new Promise<void>((resolve) => {
      if (this.#port.isOpen) this.#port.close(() => resolve());
      else resolve();
    });
    const late = (): Problem => this.#lost();
    const never = new AbortController().signal;
    await within(this.#clock, CLOSE_TIMEOUT_MS, never, late, (inner) => until(inner, closed)).catch(() => undefined);
    // Bytes that the system had given before the end may still be on their way to the listener.
    await new Promise(setImmediate);
    this.#inbox.end(problem);
  }

  #lost(error?: Error): Problem {
    const detail = error === undefined ? undefined : `${this.name} went away: ${error.message}`;
    return new Problem("TRANSPORT_GONE", detail, { path: this.name }, error === undefined ? {} : { cause: error });
  }
}

/** The work's result, or the signal's reason if that comes first; the work is then left to itself. */
function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(signal.reason);
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    const over = (): void => signal.removeEventListener("abort", cancel);
    work.finally(over).then(resolve, reject);
  });
}

/** The device node's facts; null if there is none; undefined if it can't be told, which is no proof that it is gone. */
async function nodeOf(path: string): Promise<Pick<Stats, "ino" | "rdev"> | null | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return code === "ENOENT" || code === "ENOTDIR" || code === "ENXIO" || code === "ENODEV" ? null : undefined;
  }
}
