import type { Clock, Log } from "../../domain/clock.js";
import { asProblem, Problem } from "../../domain/problem.js";
import type { BleTransport } from "../../kit/transport.js";
import type { Attachment } from "../attachments.js";
import { adaptersOf, type BluetoothAdapter } from "./adapter.js";
import { PairingAgent, type PairingAsk } from "./agent.js";
import { BleMeter } from "./ble-meter.js";
import { BluezLink } from "./bluez-link.js";
import { type ConnectOptions, connectDevice, follow, hangUp } from "./connect.js";
import { addressOf, type DeviceObject } from "./device.js";
import { systemBusAddress } from "./library.js";
import { forgetDevice, pairDevice } from "./pair.js";
import { Reach } from "./reach.js";
import { Scanner } from "./scanner.js";
import { Turns } from "./turns.js";
import { watchReach } from "./watch.js";

export type { BluetoothAdapter } from "./adapter.js";
export type { PairingAnswer, PairingAsk, PairingQuestion } from "./agent.js";
export type { ConnectOptions } from "./connect.js";

/** Where Bluetooth is looked for. */
export interface BluetoothOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Address of the message bus; left out or null: `DBUS_SYSTEM_BUS_ADDRESS`, or where every Linux has it. */
  readonly busAddress?: string | null;
}

/** What there is of Bluetooth, for `doctor` and messages. */
export interface BluetoothState {
  /** The system's message bus answers. */
  readonly bus: boolean;
  /** BlueZ is on it. */
  readonly bluez: boolean;
  readonly adapters: readonly BluetoothAdapter[];
  /** What is wrong, one sentence; null if meters can be read. */
  readonly trouble: string | null;
}

/** Counts of what is held, for those who look for leaks. */
export interface BluetoothUse {
  readonly listeners: number;
  readonly waitingCalls: number;
  readonly openMeters: number;
}

/** This machine's Bluetooth. */
export interface Bluetooth {
  /**
   * Tells every change of who is in reach and could be a meter, each time the whole list by port, first at once, until
   * aborted; resolves then. Paired or not; who is not heard for 20 s and not connected has left. Switches the adapter on.
   * Goes on where BlueZ, the bus or the adapter is missing or goes: the list is empty then. Rejects with what
   * `onChange` throws.
   */
  watch(onChange: (attached: readonly Attachment[]) => void, signal: AbortSignal): Promise<void>;
  /**
   * Connects to `ble:ADDRESS`. Rejects with TRANSPORT_OPEN (context `reason`: `missing`, `silent`, `refused`, `busy`,
   * `slow`, `no-device`, `other`), METER_UNPAIRED unless that is allowed, BLUETOOTH_MISSING, or the signal's reason.
   */
  open(port: string, signal?: AbortSignal, options?: ConnectOptions): Promise<BleTransport>;
  /**
   * Pairs and trusts, after a pairing that was here is removed; `ask` is called with each question. The meter may stay
   * connected: whoever reads it next gives that up, or `close`. Rejects with PAIRING_FAILED (context `reason`: `digits`,
   * `timeout`, `rejected`, `canceled`, `in-progress`, `other`), TRANSPORT_OPEN (not in reach), BLUETOOTH_MISSING, or the
   * signal's reason, and cancels then.
   */
  pair(port: string, ask: PairingAsk, signal: AbortSignal): Promise<void>;
  /** Removes the device with its bond, if it is known. Rejects with BLUETOOTH_MISSING. */
  forget(port: string): Promise<void>;
  /** What is there now. Never rejects. */
  state(): Promise<BluetoothState>;
  /** What is held now. */
  use(): BluetoothUse;
  /** Ends watches, connections and pairings, and gives everything back; may be called twice. */
  close(): Promise<void>;
}

/**
 * This machine's Bluetooth, by BlueZ; nothing is loaded or connected before it is used first. Never rejects: where BlueZ
 * is missing, its methods say so.
 */
export async function connectBluetooth(options: BluetoothOptions): Promise<Bluetooth> {
  return new BluezBluetooth(options);
}

class BluezBluetooth implements Bluetooth {
  readonly #link: BluezLink;
  readonly #clock: Clock;
  readonly #scanner: Scanner;
  readonly #agent: PairingAgent;
  readonly #reach: Reach;
  readonly #turns = new Turns();
  readonly #closed = new AbortController();
  /** Meters that are open, or being opened, by address. */
  readonly #open = new Map<string, BleMeter | null>();
  /** Devices that stayed connected after their pairing, by address. */
  readonly #left = new Map<string, DeviceObject>();
  /** What goes on, so that `close` can wait for its end. */
  readonly #going = new Set<Promise<unknown>>();

  constructor({ clock, log, busAddress }: BluetoothOptions) {
    this.#clock = clock;
    this.#link = new BluezLink({ clock, log, address: busAddress ?? systemBusAddress() });
    this.#reach = new Reach(this.#link.tree, clock);
    this.#scanner = new Scanner(this.#link, clock, log);
    this.#agent = new PairingAgent(this.#link, log);
  }

  async watch(onChange: (attached: readonly Attachment[]) => void, signal: AbortSignal): Promise<void> {
    await this.#go(signal, async (inner) => {
      this.#link.start();
      void this.#agent.register();
      const parts = { reach: this.#reach, scanner: this.#scanner, clock: this.#clock };
      await watchReach(parts, onChange, inner);
    });
  }

  async open(port: string, signal?: AbortSignal, options: ConnectOptions = {}): Promise<BleTransport> {
    const address = addressOf(port);
    return await this.#go(signal, async (inner) => {
      if (this.#open.has(address)) {
        throw new Problem("TRANSPORT_OPEN", `${port} is being read already`, { path: port, reason: "busy" });
      }
      this.#open.set(address, null);
      try {
        const parts = { link: this.#link, scanner: this.#scanner, clock: this.#clock };
        const device = await this.#turns.take(inner, () => connectDevice(parts, address, options, inner));
        const released = (): void => void this.#open.delete(address);
        const meter = new BleMeter({ link: this.#link, clock: this.#clock, device, released });
        this.#open.set(address, meter);
        this.#left.delete(address);
        return meter;
      } catch (error) {
        this.#open.delete(address);
        throw error;
      }
    });
  }

  async pair(port: string, ask: PairingAsk, signal: AbortSignal): Promise<void> {
    const address = addressOf(port);
    await this.#go(signal, async (inner) => {
      const parts = { link: this.#link, scanner: this.#scanner, clock: this.#clock };
      const device = await pairDevice({ ...parts, agent: this.#agent, reach: this.#reach }, address, ask, inner);
      this.#left.set(address, device);
    });
  }

  async forget(port: string): Promise<void> {
    const address = addressOf(port);
    await this.#go(undefined, async () => await forgetDevice(this.#link, address));
  }

  async state(): Promise<BluetoothState> {
    const trouble = await this.#link.ready().then(
      () => null,
      (error: unknown) => asProblem(error).message,
    );
    const adapters = adaptersOf(this.#link.tree).map(({ path: _, ...adapter }) => adapter);
    return { bus: this.#link.onBus, bluez: trouble === null, adapters, trouble: trouble ?? this.#wrong(adapters) };
  }

  use(): BluetoothUse {
    return {
      listeners: this.#link.tree.listeners,
      waitingCalls: this.#link.waiting,
      openMeters: this.#open.size,
    };
  }

  async close(): Promise<void> {
    this.#closed.abort(new Problem("TRANSPORT_CANCELED"));
    await Promise.allSettled([...this.#going]);
    await Promise.allSettled([...this.#open.values()].map((meter) => meter?.close()));
    await Promise.allSettled([...this.#left.values()].map((device) => hangUp(this.#link, device)));
    await this.#scanner.close();
    await this.#agent.close();
    await this.#link.close();
    this.#reach.close();
  }

  #wrong(adapters: readonly BluetoothAdapter[]): string | null {
    if (adapters.length === 0) return "this machine has no Bluetooth adapter";
    if (!adapters.some(({ powered }) => powered))
      return this.#scanner.trouble ?? "the Bluetooth adapter is switched off";
    return this.#scanner.trouble;
  }

  /** Does the work with a signal that is aborted by the caller's and by `close`. */
  async #go<T>(signal: AbortSignal | undefined, work: (inner: AbortSignal) => Promise<T>): Promise<T> {
    this.#closed.signal.throwIfAborted();
    const inner = new AbortController();
    const ends = [signal, this.#closed.signal].map((one) => (one === undefined ? () => undefined : follow(one, inner)));
    const going = work(inner.signal);
    const settled = going.then(
      () => undefined,
      () => undefined,
    );
    this.#going.add(settled);
    try {
      return await going;
    } finally {
      for (const end of ends) end();
      this.#going.delete(settled);
    }
  }
}
