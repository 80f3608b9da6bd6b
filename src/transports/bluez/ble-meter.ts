import type { Clock } from "../../domain/clock.js";
import { isProblem, Problem } from "../../domain/problem.js";
import type { BleTransport, GattCharacteristic, GattName, GattNotice } from "../../kit/transport.js";
import { bounded, until } from "../bounded.js";
import type { BluezCall, BluezLink } from "./bluez-link.js";
import { type DeviceObject, nameFor } from "./device.js";
import { type CharacteristicObject, characteristicsOf, sameName } from "./gatt.js";
import { gattProblem } from "./gatt-problem.js";
import { ATTRIBUTE_MS, RELEASE_MS } from "./limits.js";
import { DEVICE, GATT_CHARACTERISTIC } from "./names.js";
import { NoticeInbox } from "./notice-inbox.js";
import type { TreeChange } from "./object-tree.js";
import { refusalOf } from "./refusal.js";

/** The longest value of an attribute, bytes (Core Specification, volume 3, part F, section 3.2.9). */
const LONGEST_VALUE = 512;

/** What a connected meter is on. */
export interface BleMeterParts {
  readonly link: BluezLink;
  readonly clock: Clock;
  readonly device: DeviceObject;
  /** Called once, when the connection was given up. */
  readonly released: () => void;
}

/** A meter that BlueZ is connected with. */
export class BleMeter implements BleTransport {
  readonly kind = "ble";
  readonly name: string;
  readonly advertised: string | null;
  readonly characteristics: readonly GattCharacteristic[];
  readonly #parts: BleMeterParts;
  readonly #objects: readonly CharacteristicObject[];
  readonly #inbox = new NoticeInbox();
  readonly #over = new AbortController();
  readonly #forgets: (() => void)[] = [];
  /** Characteristics that notify, by path. */
  readonly #subscribed = new Map<string, CharacteristicObject>();
  /** A value that is being read from a characteristic which notifies as well, and what came from it meanwhile. */
  #reading: { readonly path: string; readonly held: Uint8Array[] } | null = null;
  /** The end of the operation that was asked for last. */
  #last: Promise<unknown> = Promise.resolve();
  #ended: Problem | null = null;
  #ending: Promise<void> | null = null;

  constructor(parts: BleMeterParts) {
    const { link, device } = parts;
    this.#parts = parts;
    this.name = nameFor(device.address, device.name);
    this.advertised = device.name;
    this.#objects = characteristicsOf(link.tree, device.path);
    this.characteristics = this.#objects.map(({ path: _, ...characteristic }) => characteristic);
    this.#forgets.push(
      link.tree.listen(device.path, (change) => {
        if (isLost(change)) void this.#end(this.#gone("the connection was lost"));
      }),
    );
    // It may have gone between the last look and this one.
    if (link.tree.get(device.path, DEVICE)?.get("Connected") !== true) {
      void this.#end(this.#gone("the connection was lost"));
    }
  }

  async subscribe(name: GattName, signal?: AbortSignal): Promise<void> {
    const object = this.#find(name);
    await this.#operate(`subscription to ${name.characteristic}`, signal, async (call) => {
      if (this.#subscribed.has(object.path)) return;
      // Heard from before the call on: the first notice may come before its answer.
      const forget = this.#parts.link.tree.listen(object.path, (change) => this.#hear(object, change));
      this.#subscribed.set(object.path, object);
      try {
        await this.#startNotify(object.path, call);
        this.#forgets.push(forget);
      } catch (error) {
        forget();
        this.#subscribed.delete(object.path);
        throw error;
      }
    });
  }

  async next(signal?: AbortSignal): Promise<GattNotice> {
    return await this.#inbox.next(signal);
  }

  async readValue(name: GattName, signal?: AbortSignal): Promise<Uint8Array> {
    const { path } = this.#find(name);
    return await this.#operate(`reading of ${name.characteristic}`, signal, async (call) => {
      if (this.#subscribed.has(path)) this.#reading = { path, held: [] };
      let value: Uint8Array = new Uint8Array();
      try {
        const arrived = ([bytes]: readonly unknown[]): void => {
          if (bytes instanceof Uint8Array) value = bytes;
          this.#release(value);
        };
        await call({ path, member: "ReadValue", signature: "a{sv}", body: [{}], arrived });
        return value;
      } finally {
        this.#release(null);
      }
    });
  }

  async write(name: GattName, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { path } = this.#find(name);
    if (bytes.length > LONGEST_VALUE) throw new Problem("INTERNAL", `a value has ${LONGEST_VALUE} bytes at most`);
    await this.#operate(`write to ${name.characteristic}`, signal, async (call) => {
      // Without its type BlueZ may choose a reliable write, which meters do not know.
      const options = { type: this.#parts.link.variant("s", "request") };
      await call({ path, member: "WriteValue", signature: "aya{sv}", body: [Buffer.from(bytes), options] });
    });
  }

  async close(): Promise<void> {
    const canceled = new Problem("TRANSPORT_CANCELED");
    this.#inbox.end(canceled, true);
    await this.#end(canceled);
  }

  #find(name: GattName): CharacteristicObject {
    const found = this.#objects.find((object) => sameName(object, name));
    if (found !== undefined) return found;
    const detail = `${this.name} has no characteristic ${name.characteristic} in a service ${name.service}`;
    throw new Problem("METER_UNSUPPORTED", detail);
  }

  /** Runs an operation when those before it are over. An aborted one goes on by itself, and the next waits for it. */
  async #operate<T>(
    what: string,
    signal: AbortSignal | undefined,
    act: (call: (spec: Omit<BluezCall, "interface">) => Promise<unknown>) => Promise<T>,
  ): Promise<T> {
    const over = this.#over.signal;
    signal?.throwIfAborted();
    this.#demandLink();
    const late = (): Problem => {
      const problem = this.#gone(`it does not answer the ${what} within ${ATTRIBUTE_MS} ms`);
      // Whether it has got it nobody knows, and the protocol allows no other question before the answer.
      void this.#end(problem);
      return problem;
    };
    const before = this.#last;
    const work = async (): Promise<T> => {
      await before;
      signal?.throwIfAborted();
      this.#demandLink();
      const bounds = { interface: GATT_CHARACTERISTIC, ms: ATTRIBUTE_MS, late, signal: over };
      return await act((spec) => this.#parts.link.call({ ...bounds, ...spec }));
    };
    const done = work().catch((error: unknown) => {
      // Without BlueZ there is no link; without the link, its end is what everybody is told.
      const lost = isProblem(error, "BLUETOOTH_MISSING") ? this.#gone(error.message) : null;
      const problem = lost ?? gattProblem(error, this.name, what);
      if (isProblem(problem, "TRANSPORT_GONE")) void this.#end(problem);
      this.#demandLink();
      throw problem;
    });
    this.#last = done.catch(() => undefined);
    return await until(signal ?? over, until(over, done));
  }

  async #startNotify(path: string, call: (spec: Omit<BluezCall, "interface">) => Promise<unknown>): Promise<void> {
    try {
      await call({ path, member: "StartNotify" });
    } catch (error) {
      const refusal = refusalOf(error, "Failed", "InProgress");
      if (refusal === null || !/already notifying|in progress/i.test(refusal.message)) throw error;
      // BlueZ keeps a subscription over a lost link; only a new one is sure to be the meter's as well.
      await call({ path, member: "StopNotify" });
      await call({ path, member: "StartNotify" });
    }
  }

  #hear(object: CharacteristicObject, { type, news }: TreeChange): void {
    const bytes = news.get("Value");
    if (type !== "changed" || !(bytes instanceof Uint8Array)) return;
    if (this.#reading?.path === object.path) this.#reading.held.push(bytes);
    else this.#push(object, bytes);
  }

  /**
   * The reading is over, with that value or none. BlueZ tells a value that was read as if it had been notified, right
   * before its answer: that one is left out.
   */
  #release(value: Uint8Array | null): void {
    const reading = this.#reading;
    this.#reading = null;
    const object = reading === null ? undefined : this.#subscribed.get(reading.path);
    if (reading === null || object === undefined) return;
    const last = reading.held.at(-1);
    if (value !== null && last !== undefined && Buffer.compare(last, value) === 0) reading.held.pop();
    for (const bytes of reading.held) this.#push(object, bytes);
  }

  #push({ service, characteristic }: CharacteristicObject, bytes: Uint8Array): void {
    if (this.#inbox.push({ from: { service, characteristic }, bytes })) return;
    void this.#end(new Problem("FRAME_MALFORMED", `${this.name} sent more than anybody could want to read`));
  }

  #gone(said: string): Problem {
    return new Problem("TRANSPORT_GONE", `${this.name} went away: ${said}`, { path: this.name });
  }

  /** Ends everything, once; resolves when the connection was given up, or could not be within the bound. */
  #end(problem: Problem): Promise<void> {
    this.#ended ??= problem;
    this.#ending ??= this.#finish(problem);
    return this.#ending;
  }

  #demandLink(): void {
    if (this.#ended !== null) throw this.#ended;
  }

  async #finish(problem: Problem): Promise<void> {
    const { clock, released } = this.#parts;
    for (const forget of this.#forgets) forget();
    this.#inbox.end(problem);
    // An answer that came right before the end is still on its way to who asked.
    await new Promise(setImmediate);
    this.#over.abort(problem);
    const bounds = { clock, ms: RELEASE_MS, over: new AbortController().signal, late: () => problem };
    await bounded(bounds, this.#releaseAll()).catch(() => undefined);
    released();
  }

  /** Gives back what BlueZ would keep for us over the end of the link: its subscriptions; and the link. */
  async #releaseAll(): Promise<void> {
    const { link, device } = this.#parts;
    const stop = { interface: GATT_CHARACTERISTIC, member: "StopNotify", ms: RELEASE_MS };
    const known = [...this.#subscribed.keys()].filter((path) => link.tree.get(path, GATT_CHARACTERISTIC) !== undefined);
    const stops = known.map((path) => link.call({ ...stop, path }).catch(() => undefined));
    const connected = link.tree.get(device.path, DEVICE)?.get("Connected") === true;
    const hangUp = { path: device.path, interface: DEVICE, member: "Disconnect", ms: RELEASE_MS };
    if (connected) stops.push(link.call(hangUp).catch(() => undefined));
    await Promise.all(stops);
  }
}

function isLost({ type, interface: name, news }: TreeChange): boolean {
  return name === DEVICE && (type === "removed" || news.get("Connected") === false);
}
