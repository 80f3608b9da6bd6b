import type { HIDAsync } from "node-hid";
import type { Clock } from "../domain/clock.js";
import { isProblem, Problem } from "../domain/problem.js";
import { systemClock } from "../kit/system-clock.js";
import type { HidTransport } from "../kit/transport.js";
import { bounded, wordsOf } from "./bounded.js";
import { nodeOf, watchNode } from "./device-node.js";
import { type HidLibrary, hidLibrary, openHidDevice } from "./hid-open.js";
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

/** A megabyte of common reports: who sends that much unread speaks no meter's protocol. */
const INBOX_REPORTS = 16_384;
/** How long the system may take to accept a report or to open the device, milliseconds. */
const SYSTEM_TIMEOUT_MS = 5000;
/** How long readers are kept waiting for the device to be closed, milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

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
  const late = (): Problem =>
    new Problem("TRANSPORT_OPEN", `${path} does not open within ${SYSTEM_TIMEOUT_MS} ms`, { path, reason: "slow" });
  const never = new AbortController().signal;
  let device: HIDAsync;
  try {
    device = await bounded({ clock, ms: SYSTEM_TIMEOUT_MS, over: never, signal, late }, opening);
  } catch (error) {
    // If it opens after all, nobody wants it any more.
    opening.then(
      (unwanted) => unwanted.close().catch(() => undefined),
      () => undefined,
    );
    throw error;
  }
  const inboxReports = options.inboxReports ?? INBOX_REPORTS;
  return await Hid.start(device, { path, node: options.node ?? path, clock, inboxReports });
}

interface Facts {
  readonly path: string;
  readonly node: string;
  readonly clock: Clock;
  readonly inboxReports: number;
}

class Hid implements HidTransport {
  readonly kind = "hid";
  readonly name: string;
  readonly #device: HIDAsync;
  readonly #clock: Clock;
  readonly #inbox: ReportInbox;
  /** Aborted with the reason when the device ends: what calls wait for beside the system. */
  readonly #over = new AbortController();
  #unwatch: () => void = () => undefined;
  #ending: Promise<void> | null = null;

  private constructor(device: HIDAsync, { path, clock, inboxReports }: Facts) {
    this.name = path;
    this.#device = device;
    this.#clock = clock;
    this.#inbox = new ReportInbox(inboxReports);
    // Listened to from the first moment to the last: only a reading library learns that the device went away.
    device.on("data", (report: Uint8Array) => {
      if (this.#inbox.push(Uint8Array.from(report))) return;
      const flood = `${path} sent more than ${inboxReports} reports that nobody asked for`;
      void this.#end(new Problem("FRAME_MALFORMED", flood));
    });
    // The library emits a text here, no Error.
    device.on("error", (error: unknown) => void this.#end(this.#lost(wordsOf(error), error)));
  }

  static async start(device: HIDAsync, facts: Facts): Promise<Hid> {
    const hid = new Hid(device, facts);
    const node = await nodeOf(facts.node);
    if (node === null) void hid.#end(hid.#lost());
    else if (node !== undefined && !hid.#over.signal.aborted) {
      hid.#unwatch = watchNode(facts.node, node, () => void hid.#end(hid.#lost()));
    }
    return hid;
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#inbox.read(signal);
  }

  async write(report: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, async () => whole(await this.#device.write(bytesOf(report)), report.length));
  }

  async setFeature(report: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, async () => whole(await this.#device.sendFeatureReport(bytesOf(report)), report.length));
  }

  /** @param length of the report with its id */
  async getFeature(id: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#call(signal, async () => Uint8Array.from(await this.#device.getFeatureReport(id, length)));
  }

  async close(): Promise<void> {
    const canceled = new Problem("TRANSPORT_CANCELED");
    this.#inbox.end(canceled, true);
    await this.#end(canceled);
  }

  /** A call into the library: whatever it fails with ends the transport, as nobody knows what the device has got. */
  async #call<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const over = this.#over.signal;
    over.throwIfAborted();
    const late = (): Problem => this.#lost(`the system takes nothing within ${SYSTEM_TIMEOUT_MS} ms`);
    const done = act().catch((error: unknown) => {
      throw isProblem(error) ? error : this.#lost(wordsOf(error), error);
    });
    try {
      return await bounded({ clock: this.#clock, ms: SYSTEM_TIMEOUT_MS, over, signal, late }, done);
    } catch (error) {
      if (isProblem(error, "TRANSPORT_GONE")) void this.#end(error);
      throw error;
    }
  }

  /** Ends everything, once; resolves when the device is closed, or could not be within the bound. */
  #end(problem: Problem): Promise<void> {
    this.#ending ??= this.#finish(problem);
    return this.#ending;
  }

  async #finish(problem: Problem): Promise<void> {
    this.#unwatch();
    this.#over.abort(problem);
    const never = new AbortController().signal;
    const late = (): Problem => problem;
    const bounds = { clock: this.#clock, ms: CLOSE_TIMEOUT_MS, over: never, late };
    // The library closes behind a call that hangs, which may be never.
    await bounded(bounds, this.#device.close()).catch(() => undefined);
    // Reports that the library had read before the end may still be on their way to the listener.
    await new Promise(setImmediate);
    this.#inbox.end(problem);
  }

  #lost(said?: string, cause?: unknown): Problem {
    const detail = said === undefined ? undefined : `${this.name} went away: ${said}`;
    return new Problem("TRANSPORT_GONE", detail, { path: this.name }, cause === undefined ? {} : { cause });
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
