import type { InEndpoint, OutEndpoint, Transfer } from "usb";
import type { Clock } from "../domain/clock.js";
import { isProblem, Problem } from "../domain/problem.js";
import { systemClock } from "../kit/system-clock.js";
import type { StreamTransport } from "../kit/transport.js";
import { bounded, wordsOf } from "./bounded.js";
import { nodeOf, watchNode } from "./device-node.js";
import { Inbox } from "./serial-inbox.js";
import {
  addressName,
  type BulkAddress,
  type ClaimedInterface,
  claimInterface,
  findUsbDevice,
  releaseInterface,
  type UsbLibrary,
  usbLibrary,
  usbOpenProblem,
} from "./usb-open.js";

/** For tests; the defaults are what the hub uses. */
export interface BulkOptions {
  readonly clock?: Clock;
  readonly loadLibrary?: UsbLibrary;
  /** How much may stand unread, bytes. */
  readonly inboxBytes?: number;
  readonly devDir?: string;
}

const INBOX_BYTES = 4 * 1024 * 1024;
/** How long the device may take for the bytes of one write, or for the question at the start, milliseconds. */
const SYSTEM_TIMEOUT_MS = 5000;
/** How long readers are kept waiting for the device to be closed, milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** USB 2.0, 9.6.6: the kind of an endpoint stands in the two lowest bits of its attributes. */
const BULK = 2;

/**
 * Opens the one pair of bulk endpoints of an interface as a stream. Asks the device for its status first, which wakes
 * some meters up. Rejects with TRANSPORT_OPEN (context `reason`: `missing`, `permission`, `busy`, `no-device`, `slow`,
 * `other`), TRANSPORT_LIBRARY or the signal's reason. The transport rejects with FRAME_MALFORMED when more than 4 MiB
 * stand unread, and with TRANSPORT_GONE within two seconds of the device's unplugging.
 */
export async function openBulk(
  address: BulkAddress,
  interfaceNumber: number,
  signal?: AbortSignal,
  options: BulkOptions = {},
): Promise<StreamTransport> {
  signal?.throwIfAborted();
  const name = addressName(address);
  const clock = options.clock ?? systemClock;
  const device = await findUsbDevice(options.loadLibrary ?? usbLibrary, address);
  signal?.throwIfAborted();
  const claim = claimInterface(device, interfaceNumber, name);
  const asking = askStatus(claim, name);
  try {
    const pair = endpointsOf(claim, name);
    const late = (): Problem =>
      new Problem("TRANSPORT_OPEN", `${name} does not answer`, { path: name, reason: "slow" });
    const never = new AbortController().signal;
    await bounded({ clock, ms: SYSTEM_TIMEOUT_MS, over: never, signal, late }, asking);
    const node = nodePath(options.devDir ?? "/dev", device.busNumber, device.deviceAddress);
    return await Bulk.start(claim, pair, { name, clock, inboxBytes: options.inboxBytes ?? INBOX_BYTES, node });
  } catch (error) {
    // A device can't be closed under a question that is under way; the library ends that by itself.
    void asking.catch(() => undefined).then(() => releaseInterface(claim));
    throw error;
  }
}

interface Pair {
  readonly input: InEndpoint;
  readonly output: OutEndpoint;
}

interface Facts {
  readonly name: string;
  readonly clock: Clock;
  readonly inboxBytes: number;
  /** The device's node, which goes when the device does. */
  readonly node: string;
}

/** The standard question GET_STATUS to the device: USB 2.0, 9.4.5. Two bytes, of no interest. */
function askStatus({ device }: ClaimedInterface, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    device.controlTransfer(0x80, 0, 0, 0, 2, (error) => {
      if (error) reject(usbOpenProblem(name, error));
      else resolve();
    });
  });
}

function endpointsOf({ claimed }: ClaimedInterface, name: string): Pair {
  const bulk = claimed.endpoints.filter(({ transferType }) => transferType === BULK);
  const inputs = bulk.filter((one): one is InEndpoint => one.direction === "in");
  const outputs = bulk.filter((one): one is OutEndpoint => one.direction === "out");
  const [input] = inputs;
  const [output] = outputs;
  if (input !== undefined && output !== undefined && inputs.length === 1 && outputs.length === 1) {
    return { input, output };
  }
  const found = `${inputs.length} bulk endpoints in and ${outputs.length} out`;
  const message = `${name} is no meter of this kind: interface ${claimed.interfaceNumber} has ${found}`;
  throw new Problem("TRANSPORT_OPEN", message, { path: name, reason: "no-device" });
}

function nodePath(devDir: string, bus: number, device: number): string {
  const three = (number: number): string => String(number).padStart(3, "0");
  return `${devDir}/bus/usb/${three(bus)}/${three(device)}`;
}

class Bulk implements StreamTransport {
  readonly kind = "stream";
  readonly name: string;
  readonly #claim: ClaimedInterface;
  readonly #pair: Pair;
  readonly #facts: Facts;
  readonly #inbox: Inbox;
  /** Aborted with the reason when the device ends. */
  readonly #over = new AbortController();
  /** Transfers under way, each with the promise of its end. */
  readonly #pending = new Map<Transfer, Promise<void>>();
  #unwatch: () => void = () => undefined;
  #ending: Promise<void> | null = null;

  private constructor(claim: ClaimedInterface, pair: Pair, facts: Facts) {
    this.name = facts.name;
    this.#claim = claim;
    this.#pair = pair;
    this.#facts = facts;
    this.#inbox = new Inbox(facts.inboxBytes);
  }

  static async start(claim: ClaimedInterface, pair: Pair, facts: Facts): Promise<Bulk> {
    const bulk = new Bulk(claim, pair, facts);
    bulk.#listen();
    // Where the system shows no node, only the transfers tell of an unplugging: one is always under way.
    const node = await nodeOf(facts.node);
    if (node && !bulk.#over.signal.aborted) {
      bulk.#unwatch = watchNode(facts.node, node, () => void bulk.#end(bulk.#lost()));
    }
    return bulk;
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#inbox.read(signal);
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const over = this.#over.signal;
    over.throwIfAborted();
    if (bytes.length === 0) return;
    const done = this.#send(Buffer.from(bytes)).catch((error: unknown) => {
      throw this.#lost(wordsOf(error), error);
    });
    const late = (): Problem => this.#lost(`the device takes no bytes within ${SYSTEM_TIMEOUT_MS} ms`);
    try {
      await bounded({ clock: this.#facts.clock, ms: SYSTEM_TIMEOUT_MS, over, signal, late }, done);
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

  /** Sends the bytes as one transfer, which a short packet ends: where the last one is full, an empty one. */
  async #send(bytes: Buffer): Promise<void> {
    const { output } = this.#pair;
    const taken = await this.#transfer(output, bytes);
    if (taken < bytes.length) throw new Error(`only ${taken} of ${bytes.length} bytes were taken`);
    if (bytes.length % output.descriptor.wMaxPacketSize === 0) await this.#transfer(output, Buffer.alloc(0));
  }

  /** Keeps one transfer under way, of one packet: a longer one would wait for more after a message of full packets. */
  #listen(): void {
    const { input } = this.#pair;
    const buffer = Buffer.alloc(input.descriptor.wMaxPacketSize);
    this.#transfer(input, buffer).then(
      (count) => {
        // Also what comes in the middle of an end that something else made has come.
        const room = this.#inbox.push(Uint8Array.from(buffer.subarray(0, count)));
        if (this.#over.signal.aborted) return;
        if (room) this.#listen();
        else {
          const flood = `${this.name} sent more than ${this.#facts.inboxBytes} bytes that nobody asked for`;
          void this.#end(new Problem("FRAME_MALFORMED", flood));
        }
      },
      (error: unknown) => void this.#end(this.#lost(wordsOf(error), error)),
    );
  }

  /** One transfer on an endpoint; resolves with how many bytes went. */
  async #transfer(endpoint: InEndpoint | OutEndpoint, buffer: Buffer): Promise<number> {
    const { promise, resolve, reject } = withResolvers<number>();
    const transfer = endpoint.makeTransfer(0, (error, _buffer, count) => (error ? reject(error) : resolve(count)));
    const ended = promise.then(
      () => undefined,
      () => undefined,
    );
    this.#pending.set(transfer, ended);
    try {
      transfer.submit(buffer);
      return await promise;
    } finally {
      this.#pending.delete(transfer);
    }
  }

  /** Ends everything, once; resolves when all is given back, or could not be within the bound. */
  #end(problem: Problem): Promise<void> {
    this.#ending ??= this.#finish(problem);
    return this.#ending;
  }

  async #finish(problem: Problem): Promise<void> {
    this.#unwatch();
    this.#over.abort(problem);
    const ended = [...this.#pending].map(([transfer, end]) => {
      cancel(transfer);
      return end;
    });
    const released = Promise.all(ended).then(() => releaseInterface(this.#claim));
    const late = (): Problem => problem;
    const bounds = { clock: this.#facts.clock, ms: CLOSE_TIMEOUT_MS, over: new AbortController().signal, late };
    await bounded(bounds, released).catch(() => undefined);
    this.#inbox.end(problem);
  }

  #lost(said?: string, cause?: unknown): Problem {
    const detail = said === undefined ? undefined : `${this.name} went away: ${said}`;
    return new Problem("TRANSPORT_GONE", detail, { path: this.name }, cause === undefined ? {} : { cause });
  }
}

function cancel(transfer: Transfer): void {
  try {
    transfer.cancel();
  } catch {
    // It has just ended by itself.
  }
}

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** A promise with its two ends in hand; the language has this from a later version on. */
function withResolvers<T>(): Resolvers<T> {
  let resolve: Resolvers<T>["resolve"] = () => undefined;
  let reject: Resolvers<T>["reject"] = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
