import type { SerialPort } from "serialport";
import type { Clock } from "../domain/clock.js";
import { systemClock } from "../kit/system-clock.js";
import type { SerialSettings, StreamTransport } from "../kit/transport.js";
import { OpenDevice } from "./open-device.js";
import { openInTime } from "./open-in-time.js";
import { Inbox } from "./serial-inbox.js";
import { loadSerialLibrary, openPort, type SerialLibrary, serialLibrary } from "./serial-open.js";

/** For tests; the defaults are what the hub uses. */
export interface SerialOptions {
  readonly clock?: Clock;
  readonly loadLibrary?: SerialLibrary;
  /** How much may stand unread, bytes. */
  readonly inboxBytes?: number;
}

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
  const port = await openInTime(path, opening, (unwanted) => unwanted.close(() => undefined), clock, signal);
  const serial = new Serial(port, path, clock, new Inbox(options.inboxBytes));
  await serial.watch();
  return serial;
}

class Serial implements StreamTransport {
  readonly kind = "stream";
  readonly name: string;
  readonly #port: SerialPort;
  readonly #device: OpenDevice;
  readonly #inbox: Inbox;

  constructor(port: SerialPort, path: string, clock: Clock, inbox: Inbox) {
    this.name = path;
    this.#port = port;
    this.#inbox = inbox;
    const device = new OpenDevice({ name: path, clock, inbox, release: () => this.#release() });
    this.#device = device;
    // The port must flow from the first moment to the last: without a listener the library reads nothing, and then
    // never learns that the device went away.
    port.on("data", (bytes: Buffer) => device.receive(Uint8Array.from(bytes)));
    port.on("close", () => void device.end(device.lost()));
    port.on("error", (error) => void device.end(device.lost(error.message, error)));
  }

  /**
   * Closes the port when its device node is gone or another one. On a hang-up under traffic the library may read zero
   * bytes over and over at full speed and report nothing (seen with serialport 13 on Linux); closing it ends that.
   */
  async watch(): Promise<void> {
    await this.#device.watch(this.name);
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#inbox.read(signal);
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    // A write on a port that was closed meanwhile never calls back; the port's end and its time end the wait.
    await this.#device.call("the system takes no bytes", signal, async () => {
      if (bytes.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        this.#port.write(Buffer.from(bytes), (error) => (error ? reject(error) : resolve()));
      });
    });
  }

  async close(): Promise<void> {
    await this.#device.close();
  }

  async #release(): Promise<void> {
    if (!this.#port.isOpen) return;
    await new Promise<void>((resolve) => this.#port.close(() => resolve()));
  }
}
