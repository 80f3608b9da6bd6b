import type { EventEmitter } from "node:events";
import { DBusError, Message, type MessageBus, MessageType, systemBus, Variant } from "@jellybrick/dbus-next";

/** What somebody asks of an object of ours. */
export interface BusCall {
  readonly path: string;
  readonly face: string;
  readonly member: string;
  /** Arguments; variants are taken out of their wraps. */
  readonly args: readonly unknown[];
}

/** What is answered: values with their signature, or an error with its name. */
export type BusAnswer =
  | { readonly signature: string; readonly values: readonly unknown[] }
  | { readonly error: string; readonly text: string };

/** A signal of BlueZ. */
export type BusSignal = BusCall;

/** What BlueZ, or the bus, declined, with the name of its error: `org.bluez.Error.Failed: text`. */
export class BusError extends Error {
  readonly errorName: string;

  constructor(errorName: string, text: string) {
    super(`${errorName}: ${text}`);
    this.errorName = errorName;
  }
}

/** Nothing to answer: the call was done. */
export const DONE: BusAnswer = { signature: "", values: [] };
const BLUEZ = "org.bluez";
const LIMIT_MS = 60_000;

/** One program's connection to the message bus: calls to BlueZ, its signals, and objects of the program's own. */
export class BusLine {
  readonly #bus: MessageBus;
  readonly #listeners = new Set<(signal: BusSignal) => void>();
  readonly #objects: ((call: BusCall) => BusAnswer | Promise<BusAnswer> | null)[] = [];

  private constructor(bus: MessageBus) {
    this.#bus = bus;
    failing(bus).on("error", () => undefined);
    bus.on("message", (message: Message) => {
      if (message.type !== MessageType.SIGNAL) return;
      for (const listener of [...this.#listeners]) listener(callOf(message));
    });
    bus.addMethodHandler((message: Message) => this.#answer(message));
  }

  /** Connects to the system's bus, which must be there. */
  static async open(): Promise<BusLine> {
    const bus = systemBus();
    await new Promise<void>((resolve, reject) => {
      bus.once("connect", () => resolve());
      failing(bus).once("error", reject);
    });
    const line = new BusLine(bus);
    await line.#call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", [
      `type='signal',sender='${BLUEZ}'`,
    ]);
    return line;
  }

  /** Calls a method of BlueZ; what came back. Throws a BusError with what it declined, an Error where it never answered. */
  call(
    path: string,
    face: string,
    member: string,
    signature = "",
    args: readonly unknown[] = [],
  ): Promise<readonly unknown[]> {
    return this.#call(BLUEZ, path, face, member, signature, args);
  }

  /** Sets a property of an object of BlueZ. */
  async set(path: string, face: string, name: string, signature: string, value: unknown): Promise<void> {
    const args = [face, name, new Variant(signature, value)];
    await this.call(path, "org.freedesktop.DBus.Properties", "Set", "ssv", args);
  }

  /** A property of an object of BlueZ, null where it has none of that name. */
  async get(path: string, face: string, name: string): Promise<unknown> {
    try {
      return (await this.call(path, "org.freedesktop.DBus.Properties", "Get", "ss", [face, name]))[0];
    } catch (error) {
      if (error instanceof BusError) return null;
      throw error;
    }
  }

  /** Everything that BlueZ shows: objects by path, interfaces by name, properties by name. */
  async objects(): Promise<Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>> {
    const [all] = await this.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
    return all as Record<string, Record<string, Record<string, unknown>>>;
  }

  /** Told each signal of BlueZ, in order, until the function that is returned is called. */
  onSignal(listener: (signal: BusSignal) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Answers calls to objects of this program; null for an object that is not this one's. */
  serve(answer: (call: BusCall) => BusAnswer | Promise<BusAnswer> | null): () => void {
    this.#objects.push(answer);
    return () => void this.#objects.splice(this.#objects.indexOf(answer), 1);
  }

  /** Sends a signal of an object of this program. */
  signal(path: string, face: string, member: string, signature: string, values: readonly unknown[]): void {
    this.#bus.send(Message.newSignal(path, face, member, signature, [...values]));
  }

  close(): void {
    this.#listeners.clear();
    this.#bus.disconnect();
  }

  #answer(message: Message): boolean {
    for (const object of this.#objects) {
      const answer = object(callOf(message));
      if (answer === null) continue;
      if (answer instanceof Promise) void answer.then((later) => this.#reply(message, later));
      else this.#reply(message, answer);
      return true;
    }
    return false;
  }

  #reply(message: Message, answer: BusAnswer): void {
    this.#bus.send(
      "error" in answer
        ? Message.newError(message, answer.error, answer.text)
        : Message.newMethodReturn(message, answer.signature, [...answer.values]),
    );
  }

  async #call(
    destination: string,
    path: string,
    face: string,
    member: string,
    signature: string,
    args: readonly unknown[],
  ): Promise<readonly unknown[]> {
    const message = new Message({ destination, path, interface: face, member, signature, body: [...args] });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${member} of ${path} was not answered`)), LIMIT_MS);
    });
    try {
      const answer = await Promise.race([this.#bus.call(message), late]);
      return (answer?.body ?? []).map(plain);
    } catch (error) {
      throw error instanceof DBusError ? new BusError(error.type, error.text) : error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A value as a variant, for properties that this program shows. */
export function variant(signature: string, value: unknown): Variant {
  return new Variant(signature, value);
}

function callOf({ path, interface: face, member, body }: Message): BusCall {
  return { path, face, member, args: body.map(plain) };
}

/** The value without the wraps of variants, however deep. */
function plain(value: unknown): unknown {
  if (value instanceof Variant) return plain(value.value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

/** The library's types leave the event of an error out. */
function failing(bus: MessageBus): EventEmitter {
  return bus as unknown as EventEmitter;
}
