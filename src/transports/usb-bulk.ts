import type { InEndpoint, OutEndpoint, Transfer } from "usb";
import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { systemClock } from "../kit/system-clock.js";
import type { StreamTransport } from "../kit/transport.js";
import { bounded, SYSTEM_TIMEOUT_MS, wordsOf } from "./bounded.js";
import { OpenDevice } from "./open-device.js";
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
    const bulk = new Bulk(claim, pair, { name, clock, inbox: new Inbox(options.inboxBytes) });
    await bulk.watch(node);
    return bulk;
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
  readonly inbox: Inbox;
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
  readonly #inbox: Inbox;
  readonly #device: OpenDevice;
  /** Transfers under way, each with the promise of its end. */
  readonly #pending = new Map<Transfer, Promise<void>>();

  constructor(claim: ClaimedInterface, pair: Pair, facts: Facts) {
    this.name = facts.name;
    this.#claim = claim;
    this.#pair = pair;
    this.#inbox = facts.inbox;
    this.#device = new OpenDevice({ ...facts, release: () => this.#release() });
    this.#listen();
  }

  /** @param node of the device, which goes when that does */
  async watch(node: string): Promise<void> {
    // Where the system shows no node, only the transfers tell of an unplugging: one is always under way.
    await this.#device.watch(node, true);
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#inbox.read(signal);
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#device.call("the device takes no bytes", signal, async () => {
      if (bytes.length > 0) await this.#send(Buffer.from(bytes));
    });
  }

  async close(): Promise<void> {
    await this.#device.close();
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
        this.#device.receive(Uint8Array.from(buffer.subarray(0, count)));
        if (!this.#device.over.aborted) this.#listen();
      },
      (error: unknown) => void this.#device.end(this.#device.lost(wordsOf(error), error)),
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

  async #release(): Promise<void> {
    const ended = [...this.#pending].map(([transfer, end]) => {
      cancel(transfer);
      return end;
    });
    await Promise.all(ended);
    await releaseInterface(this.#claim);
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
