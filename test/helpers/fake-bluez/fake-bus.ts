import { type Message, type MessageBus, Message as MessageClass, sessionBus, Variant } from "@jellybrick/dbus-next";
import { socketOf } from "../../../src/transports/bluez/bus-socket.js";
import { fullUuid } from "../../../src/transports/bluez/uuid.js";

/** What a method of the stand-in answers: types and values; null for never. */
export type FakeAnswer = { readonly signature: string; readonly body: readonly unknown[] } | null;

/** A call to the stand-in. */
export interface FakeCall {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** An error that BlueZ would answer with. */
export class BluezError extends Error {
  readonly type: string;

  /** @param short `Failed` for `org.bluez.Error.Failed` */
  constructor(short: string, said: string) {
    super(said);
    this.type = `org.bluez.Error.${short}`;
  }
}

/** Properties with their types: `{ Connected: b(true) }`. */
export type FakeProperties = Record<string, Variant>;

export const b = (value: boolean): Variant => new Variant("b", value);
export const s = (value: string): Variant => new Variant("s", value);
export const o = (value: string): Variant => new Variant("o", value);
export const as = (value: readonly string[]): Variant => new Variant("as", [...value]);
export const n = (value: number): Variant => new Variant("n", value);
export const ay = (value: Uint8Array): Variant => new Variant("ay", Buffer.from(value));

export const NOTHING: FakeAnswer = { signature: "", body: [] };
export { fullUuid };

/** A connection to the bus that owns the name org.bluez. */
export interface FakeBus {
  /** A signal to everybody. */
  tell(path: string, name: string, member: string, signature: string, body: readonly unknown[]): void;
  /** A call to one connection; rejects with the error that it answers. */
  ask(
    destination: string,
    path: string,
    name: string,
    member: string,
    signature: string,
    body: unknown[],
  ): Promise<Message>;
  close(): Promise<void>;
}

/** Connects, takes the name, and passes on each call. */
export async function connectFakeBus(
  address: string,
  answer: (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeBus> {
  const bus: MessageBus = sessionBus({ busAddress: address });
  let open = true;
  // A bus that is killed is part of the tests.
  (bus as NodeJS.EventEmitter).on("error", () => {
    open = false;
  });
  const ended = new Promise<void>((resolve) => {
    socketOf(bus).onEnd(() => {
      open = false;
      resolve();
    });
  });
  const send = (message: Message): void => {
    try {
      if (open) bus.send(message);
    } catch {
      open = false;
    }
  };
  bus.addMethodHandler((message) => {
    const { sender, path, interface: name, member, body } = message;
    // The library answers these itself.
    if (name === "org.freedesktop.DBus.Peer" || name === "org.freedesktop.DBus.Introspectable") return false;
    const reply = async (): Promise<void> => {
      try {
        const given = await answer({ sender, path, interface: name, member, body });
        if (given !== null) send(MessageClass.newMethodReturn(message, given.signature, [...given.body]));
      } catch (error) {
        const type = error instanceof BluezError ? error.type : "org.freedesktop.DBus.Error.Failed";
        send(MessageClass.newError(message, type, error instanceof Error ? error.message : String(error)));
      }
    };
    void reply();
    return true;
  });
  await bus.requestName("org.bluez", 0);
  return {
    tell: (path, name, member, signature, body) =>
      send(MessageClass.newSignal(path, name, member, signature, [...body])),
    ask: async (destination, path, name, member, signature, body) => {
      const message = new MessageClass({ destination, path, interface: name, member, signature, body });
      const reply = await bus.call(message);
      if (reply === null) throw new Error("no answer");
      return reply;
    },
    close: async () => {
      // What is asked of a bus that was killed is never answered.
      if (open) await Promise.race([bus.releaseName("org.bluez").catch(() => 0), ended]);
      open = false;
      bus.disconnect();
    },
  };
}
