import type { Message, MessageBus } from "@jellybrick/dbus-next";
import type { Clock } from "../../domain/clock.js";
import { Problem } from "../../domain/problem.js";
import { bounded, wordsOf } from "../bounded.js";
import { type SocketOf, socketOf } from "./bus-socket.js";
import type { DbusLibrary } from "./library.js";
import { BUS_MS, CALL_MS } from "./limits.js";
import { plain } from "./plain.js";
import { Refusal } from "./refusal.js";

/** A call to somebody on the bus. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Types of the arguments, as the D-Bus Specification writes them; left out where there are none. */
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** How long it may take, milliseconds; default 10 s. */
  readonly ms?: number;
  /** What to reject with then; default BLUETOOTH_MISSING. */
  readonly late?: () => Problem;
  readonly signal?: AbortSignal | undefined;
  /** Called with the answer the moment it comes, before anything that came after it is told. */
  readonly arrived?: (body: readonly unknown[]) => void;
}

/** A signal, or a call to us: who says what about which object. */
export interface BusSaying {
  /** The unique name of the connection that sent it: `:1.4`. */
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** What we answer a call with. */
export interface BusAnswer {
  readonly signature: string;
  readonly body: readonly unknown[];
}

/** Whom a connection tells what comes. */
export interface BusEars {
  signal(saying: BusSaying): void;
  /** Null: no method of ours. Rejects with a refusal. */
  call(saying: BusSaying): Promise<BusAnswer> | null;
}

/** One connection to a message bus. */
export interface Bus {
  /** Aborted with BLUETOOTH_MISSING when the bus is gone, or TRANSPORT_CANCELED after `close`. */
  readonly over: AbortSignal;
  /** Calls that wait for their answer. */
  readonly waiting: number;
  /**
   * Resolves with what is answered. Rejects with a `Refusal`, with `late()` when the time is over, and with the reason of
   * the signal or of the bus's end.
   */
  call(call: BusCall): Promise<readonly unknown[]>;
  /** A value with its type, where the signature says `v`. */
  variant(signature: string, value: unknown): unknown;
  close(): void;
}

interface Waiting {
  resolve(body: readonly unknown[]): void;
  reject(reason: unknown): void;
  arrived(body: readonly unknown[]): void;
}

/** Connects to the bus at the address. Rejects with BLUETOOTH_MISSING (context `reason`: `bus`). */
export async function connectBus(library: DbusLibrary, address: string, clock: Clock, ears: BusEars): Promise<Bus> {
  const client = library.sessionBus({ busAddress: address });
  const bus = new Connection(library, client, socketOf(client), clock, ears);
  const late = (): Problem => busProblem(`${address} does not let us in within ${BUS_MS} ms`);
  try {
    await bounded({ clock, ms: BUS_MS, over: bus.over, late }, bus.connected);
    return bus;
  } catch (error) {
    bus.close();
    throw error;
  }
}

class Connection implements Bus {
  /** Resolves when the bus has given us our name. */
  readonly connected: Promise<void>;
  readonly #library: DbusLibrary;
  readonly #client: MessageBus;
  readonly #socket: SocketOf;
  readonly #clock: Clock;
  readonly #ears: BusEars;
  readonly #over = new AbortController();
  readonly #waiting = new Map<number, Waiting>();

  constructor(library: DbusLibrary, client: MessageBus, socket: SocketOf, clock: Clock, ears: BusEars) {
    this.#library = library;
    this.#client = client;
    this.#socket = socket;
    this.#clock = clock;
    this.#ears = ears;
    this.connected = new Promise((resolve) => client.once("connect", resolve));
    // Without a listener, the library's error would end the process.
    socket.onError((error) => {
      if (!socket.alive()) this.#end(busProblem(wordsOf(error), error));
    });
    socket.onEnd(() => this.#end(busProblem("the system's message bus went away")));
    // The library's own way of calling keeps for ever what waits for an answer that never comes.
    client.on("message", (message) => this.#take(message));
    client.addMethodHandler((message) => this.#asked(message));
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async call(call: BusCall): Promise<readonly unknown[]> {
    const { path, member, destination, signature = "", body = [], ms = CALL_MS, signal, arrived } = call;
    const { over } = this;
    // Sockets that broke are not always told as such at once.
    if (!this.#socket.alive()) this.#end(busProblem("the system's message bus went away"));
    over.throwIfAborted();
    signal?.throwIfAborted();
    const serial = this.#client.newSerial();
    const message = { serial, destination, path, interface: call.interface, member, signature, body: [...body] };
    const late = call.late ?? ((): Problem => busProblem(`${destination} does not answer ${member} within ${ms} ms`));
    try {
      const answer = new Promise<readonly unknown[]>((resolve, reject) => {
        this.#waiting.set(serial, { resolve, reject, arrived: arrived ?? (() => undefined) });
        this.#client.send(new this.#library.Message(message));
      });
      return await bounded({ clock: this.#clock, ms, over, signal, late }, answer);
    } finally {
      // Settles what nobody waits for any more, so that nothing is kept of it.
      this.#waiting.get(serial)?.reject(over.reason);
      this.#waiting.delete(serial);
    }
  }

  variant(signature: string, value: unknown): unknown {
    return new this.#library.Variant(signature, value);
  }

  close(): void {
    this.#end(new Problem("TRANSPORT_CANCELED"));
  }

  #take(message: Message): void {
    const { METHOD_RETURN, ERROR, SIGNAL } = this.#library.MessageType;
    if (message.type === SIGNAL) this.#ears.signal(this.#saying(message));
    if (message.type !== METHOD_RETURN && message.type !== ERROR) return;
    const waiting = this.#waiting.get(message.replySerial ?? 0);
    if (waiting === undefined) return;
    const { body } = this.#saying(message);
    if (message.type === ERROR) {
      waiting.reject(new Refusal(message.errorName, typeof body[0] === "string" ? body[0] : ""));
      return;
    }
    waiting.arrived(body);
    waiting.resolve(body);
  }

  #asked(message: Message): boolean {
    const answer = this.#ears.call(this.#saying(message));
    if (answer === null) return false;
    const { Message, MessageFlag } = this.#library;
    const tell = (reply: Message): void => {
      const wanted = (message.flags & MessageFlag.NO_REPLY_EXPECTED) === 0;
      if (wanted && !this.over.aborted) this.#client.send(reply);
    };
    answer.then(
      ({ signature, body }) => tell(Message.newMethodReturn(message, signature, [...body])),
      (error: unknown) => {
        const type = error instanceof Refusal ? error.type : "org.freedesktop.DBus.Error.Failed";
        tell(Message.newError(message, type, wordsOf(error)));
      },
    );
    return true;
  }

  #saying({ sender, path, interface: name, member, body }: Message): BusSaying {
    const values = plain(body, this.#library.Variant);
    return { sender, path, interface: name, member, body: Array.isArray(values) ? values : [] };
  }

  #end(problem: Problem): void {
    if (this.over.aborted) return;
    this.#over.abort(problem);
    this.#socket.destroy();
  }
}

function busProblem(said: string, cause?: unknown): Problem {
  const detail = `Bluetooth needs the system's message bus: ${said}`;
  return new Problem("BLUETOOTH_MISSING", detail, { reason: "bus", said }, cause === undefined ? {} : { cause });
}
