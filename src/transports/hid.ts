import type { HIDAsync } from "node-hid";
import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { systemClock } from "../kit/system-clock.js";
import type { HidTransport } from "../kit/transport.js";
import { wordsOf } from "./bounded.js";
import { type HidLibrary, hidLibrary, openHidDevice } from "./hid-open.js";
import { OpenDevice } from "./open-device.js";
import { openInTime } from "./open-in-time.js";
import { ReportInbox } from "./report-inbox.js";

/** For tests; the defaults are what the hub uses. */
export interface HidOptions {
  readonly clock?: Clock;
  readonly loadLibrary?: HidLibrary;
  /** How many reports may stand unread. */
  readonly inboxReports?: number;
  /** Where the device's node is looked for; the path where left out. */
  readonly node?: string;
}

/**
 * Opens a HID device by the path of its node. Rejects with TRANSPORT_OPEN (context `reason`: `missing`, `permission`,
 * `busy`, `no-device`, `slow`, `other`), TRANSPORT_LIBRARY (context `package`: what to install), or the signal's reason.
 * The transport rejects with FRAME_MALFORMED when too many reports stand unread, and with TRANSPORT_GONE within two
 * seconds of the device's unplugging, also what is being written then.
 */
export async function openHid(path: string, signal?: AbortSignal, options: HidOptions = {}): Promise<HidTransport> {
  signal?.throwIfAborted();
  const clock = options.clock ?? systemClock;
  const opening = openHidDevice(options.loadLibrary ?? hidLibrary, path);
  const device = await openInTime(path, opening, (unwanted) => unwanted.close(), clock, signal);
  const hid = new Hid(device, path, clock, new ReportInbox(options.inboxReports));
  await hid.watch(options.node ?? path);
  return hid;
}

class Hid implements HidTransport {
  readonly kind = "hid";
  readonly name: string;
  readonly #library: HIDAsync;
  readonly #device: OpenDevice;
  readonly #inbox: ReportInbox;

  constructor(library: HIDAsync, path: string, clock: Clock, inbox: ReportInbox) {
    this.name = path;
    this.#library = library;
    this.#inbox = inbox;
    // The library closes behind a call that hangs, which may be never.
    const device = new OpenDevice({ name: path, clock, inbox, release: () => library.close() });
    this.#device = device;
    // Listened to from the first moment to the last: only a reading library learns that the device went away.
    library.on("data", (report: Uint8Array) => device.receive(Uint8Array.from(report)));
    // The library emits a text here, no Error.
    library.on("error", (error: unknown) => void device.end(device.lost(wordsOf(error), error)));
  }

  async watch(node: string): Promise<void> {
    await this.#device.watch(node);
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#inbox.read(signal);
  }

  async write(report: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, async () => whole(await this.#library.write(bytesOf(report)), report.length));
  }

  async setFeature(report: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, async () => whole(await this.#library.sendFeatureReport(bytesOf(report)), report.length));
  }

  /** @param length of the report with its id */
  async getFeature(id: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#call(signal, async () => Uint8Array.from(await this.#library.getFeatureReport(id, length)));
  }

  async close(): Promise<void> {
    await this.#device.close();
  }

  async #call<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    return await this.#device.call("the system takes nothing", signal, act);
  }
}

function bytesOf(report: Uint8Array): Buffer {
  if (report.length === 0) throw new Problem("INTERNAL", "a report begins with its id, 0 where the device has none");
  return Buffer.from(report);
}

/** A report of which the system took only a part has reached the device as another one. */
function whole(taken: number, length: number): void {
  if (taken < length) throw new Error(`only ${taken} of ${length} bytes of a report were taken`);
}
