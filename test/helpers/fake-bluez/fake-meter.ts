import type { BleSimulator, GattAnswer } from "../../../src/kit/driver.js";
import type { GattNotice } from "../../../src/kit/transport.js";
import {
  as,
  ay,
  BluezError,
  b,
  type FakeAnswer,
  type FakeCall,
  type FakeProperties,
  fullUuid,
  NOTHING,
  n,
  o,
  s,
} from "./fake-bus.js";
import { attError, type FakeCharacteristic, type FakeGatt, gattOf, propertiesOf } from "./fake-gatt.js";
import { type MeterFaults, noFaults } from "./faults.js";

/** What BlueZ around the meter does for it. */
export interface FakeHost {
  readonly adapterPath: string;
  discovering(): boolean;
  added(path: string, interfaces: Record<string, FakeProperties>): void;
  removed(path: string, interfaces: readonly string[]): void;
  changed(path: string, name: string, properties: FakeProperties): void;
  /** Asks the default agent; rejects with what it answers. */
  agent(member: string, signature: string, body: unknown[]): Promise<readonly unknown[]>;
}

/** How a meter starts. */
export interface FakeMeterOptions {
  /** `C0:FF:EE:00:00:01`. */
  readonly address: string;
  /** Bonded, here and on the meter; default false. */
  readonly paired?: boolean;
  /** It advertises; default true. */
  readonly advertising?: boolean;
  /** What the agent is asked; default `passkey` where the meter shows one, else nothing. */
  readonly asks?: "passkey" | "confirm" | "shown" | "authorize" | "pin" | "nothing";
}

const DEVICE = "org.bluez.Device1";
const SERVICE = "org.bluez.GattService1";
const CHARACTERISTIC = "org.bluez.GattCharacteristic1";

/** A virtual meter behind the stand-in for BlueZ: its device, its attributes, its bond and its link. */
export class FakeMeter {
  readonly simulator: BleSimulator;
  readonly address: string;
  readonly path: string;
  readonly faults: MeterFaults = noFaults();
  readonly #host: FakeHost;
  readonly #gatt: FakeGatt;
  readonly #asks: NonNullable<FakeMeterOptions["asks"]>;
  advertising: boolean;
  paired: boolean;
  trusted = false;
  connected = false;
  #resolved = false;
  #known = false;
  #exported = false;
  #notices = 0;
  /** What the meter sends while a write is being answered. */
  #outbox: GattNotice[] | null = null;
  #cancel: ((error: BluezError) => void) | null = null;

  constructor(host: FakeHost, simulator: BleSimulator, options: FakeMeterOptions) {
    this.#host = host;
    this.simulator = simulator;
    this.address = options.address;
    this.path = `${host.adapterPath}/dev_${options.address.replaceAll(":", "_")}`;
    this.paired = options.paired ?? false;
    this.advertising = options.advertising ?? true;
    this.#asks = options.asks ?? (simulator.passkey === null ? "nothing" : "passkey");
    this.#gatt = gattOf(simulator, this.path);
    this.#known = this.paired;
    this.#exported = this.paired;
  }

  get port(): string {
    return `ble:${this.address}`;
  }

  /** Connections that are notified by some characteristic, over all of them. */
  get sessions(): number {
    return [...this.#gatt.characteristics.values()].reduce((sum, { sessions }) => sum + sessions.size, 0);
  }

  /** All of its objects that BlueZ has now. */
  objects(): Record<string, Record<string, FakeProperties>> {
    if (!this.#known) return {};
    const found = { [this.path]: { [DEVICE]: this.#properties() } };
    return this.#exported ? { ...found, ...this.#attributes() } : found;
  }

  /** One advert, which is heard if somebody listens. */
  advertise(): void {
    if (!this.#host.discovering() || !this.advertising || this.connected) return;
    if (this.#known) this.#host.changed(this.path, DEVICE, { RSSI: n(-60) });
    else {
      this.#known = true;
      this.#host.added(this.path, { [DEVICE]: { ...this.#properties(), RSSI: n(-60) } });
    }
  }

  /** BlueZ forgets it: `RemoveDevice`, or its end. */
  remove(): void {
    this.drop();
    this.paired = false;
    this.trusted = false;
    const there = Object.entries(this.objects()).reverse();
    for (const { sessions } of this.#gatt.characteristics.values()) sessions.clear();
    this.#known = false;
    this.#exported = false;
    for (const [path, interfaces] of there) this.#host.removed(path, Object.keys(interfaces));
  }

  /** BlueZ ended without a word and started anew: bonds last, nothing else does. */
  restarted(): void {
    if (this.connected) this.simulator.disconnected();
    this.connected = false;
    this.#resolved = false;
    for (const { sessions } of this.#gatt.characteristics.values()) sessions.clear();
    this.#known = this.paired;
    this.#exported = this.paired;
  }

  /** The link is lost. */
  drop(): void {
    if (!this.connected) return;
    this.connected = false;
    this.#resolved = false;
    this.simulator.disconnected();
    this.#host.changed(this.path, DEVICE, { ServicesResolved: b(false), Connected: b(false) });
    if (this.paired || !this.#exported) return;
    this.#exported = false;
    for (const [path, interfaces] of Object.entries(this.#attributes()).reverse()) {
      this.#host.removed(path, Object.keys(interfaces));
    }
  }

  /** BlueZ connects by itself, as it does with some meters that it knows. */
  connect(): void {
    this.connected = true;
    this.#notices = 0;
    this.#host.changed(this.path, DEVICE, { Connected: b(true) });
    this.simulator.connected((notice) => this.#send(notice));
    if (this.faults.servicesHidden) return;
    if (!this.#exported) {
      for (const [path, interfaces] of Object.entries(this.#attributes())) this.#host.added(path, interfaces);
    }
    this.#exported = true;
    this.#resolved = true;
    this.#host.changed(this.path, DEVICE, { ServicesResolved: b(true) });
  }

  /** Answers a call to one of its objects; undefined if there is no such object. */
  async answer(call: FakeCall): Promise<FakeAnswer | undefined> {
    if (!this.#known || !`${call.path}/`.startsWith(`${this.path}/`)) return undefined;
    if (this.faults.silent.has(call.member)) return null;
    if (call.path === this.path && call.interface === DEVICE) return await this.#device(call.member);
    const characteristic = this.#exported ? this.#gatt.characteristics.get(call.path) : undefined;
    if (characteristic === undefined || call.interface !== CHARACTERISTIC) return undefined;
    return this.#attribute(characteristic, call);
  }

  async #device(member: string): Promise<FakeAnswer | undefined> {
    switch (member) {
      case "Connect":
        if (this.faults.connectFails !== null) throw new BluezError("Failed", this.faults.connectFails);
        if (!this.connected && !this.advertising) throw new BluezError("Failed", "le-connection-abort-by-local");
        if (!this.connected) this.connect();
        return NOTHING;
      case "Disconnect":
        if (!this.connected) throw new BluezError("NotConnected", "Not Connected");
        this.drop();
        return NOTHING;
      case "Pair":
        await this.#pair();
        return NOTHING;
      case "CancelPairing":
        if (this.#cancel === null) throw new BluezError("DoesNotExist", "Does Not Exist");
        this.#cancel(new BluezError("AuthenticationCanceled", "Authentication Canceled"));
        return NOTHING;
      default:
        return undefined;
    }
  }

  async #pair(): Promise<void> {
    if (this.faults.pairFails !== null) throw new BluezError(this.faults.pairFails, this.faults.pairFails);
    if (this.paired) throw new BluezError("AlreadyExists", "Already Exists");
    if (this.#cancel !== null) throw new BluezError("InProgress", "In Progress");
    if (!this.connected && !this.advertising) throw new BluezError("ConnectionAttemptFailed", "Page Timeout");
    const canceled = new Promise<never>((_, reject) => {
      this.#cancel = reject;
    });
    try {
      if (!this.connected) this.connect();
      await Promise.race([this.#askAgent(), canceled]);
      this.paired = true;
      this.faults.bondForgotten = false;
      this.#host.changed(this.path, DEVICE, { Paired: b(true), Bonded: b(true) });
    } catch (error) {
      this.drop();
      if (error instanceof BluezError) throw error;
      throw new BluezError("AuthenticationFailed", "Authentication Failed");
    } finally {
      this.#cancel = null;
    }
  }

  /** Resolves when both sides agree. */
  async #askAgent(): Promise<void> {
    const right = this.simulator.passkey ?? 0;
    const wrong = new BluezError("AuthenticationFailed", "Authentication Failed");
    switch (this.#asks) {
      case "passkey": {
        const [typed] = await this.#host.agent("RequestPasskey", "o", [this.path]);
        if (typed !== right) throw wrong;
        return;
      }
      case "pin": {
        const [typed] = await this.#host.agent("RequestPinCode", "o", [this.path]);
        if (typed !== String(right).padStart(6, "0")) throw wrong;
        return;
      }
      case "confirm":
        await this.#host.agent("RequestConfirmation", "ou", [this.path, right]);
        return;
      case "authorize":
        await this.#host.agent("RequestAuthorization", "o", [this.path]);
        return;
      case "shown":
        // Told again at each key that is pressed on the meter.
        for (let typed = 0; typed <= 6; typed += 1) {
          await this.#host.agent("DisplayPasskey", "ouq", [this.path, right, typed]);
        }
        return;
      case "nothing":
        return;
    }
  }

  #attribute(characteristic: FakeCharacteristic, { member, sender, body }: FakeCall): FakeAnswer | undefined {
    const { declared, sessions, path } = characteristic;
    // Neither needs a link: BlueZ keeps subscriptions, and makes them good with the meter at the next one.
    if (member === "StopNotify") {
      if (!sessions.delete(sender)) throw new BluezError("Failed", "No notify session started");
      return NOTHING;
    }
    if (member === "StartNotify" && !this.connected && !sessions.has(sender)) {
      sessions.add(sender);
      return NOTHING;
    }
    if (!this.connected || !this.#resolved) throw new BluezError("Failed", "Not connected");
    if (declared.bonded && (!this.paired || this.faults.bondForgotten)) throw attError(0x05);
    switch (member) {
      case "StartNotify":
        if (sessions.has(sender)) throw new BluezError("Failed", "Already notifying");
        sessions.add(sender);
        return NOTHING;
      case "ReadValue": {
        const value = given(this.simulator.readValue(declared));
        // BlueZ tells what was read as a change, too, before it answers.
        this.#host.changed(path, CHARACTERISTIC, { Value: ay(value) });
        return { signature: "ay", body: [Buffer.from(value)] };
      }
      case "WriteValue": {
        const [bytes, options] = body;
        const type = Reflect.get(Object(options), "type") as { value?: unknown } | undefined;
        if (type?.value !== "request") throw new BluezError("NotSupported", "not a plain write");
        // What the meter sends for it comes behind the answer.
        this.#outbox = [];
        try {
          given(this.simulator.write(declared, Uint8Array.from(Buffer.from(bytes as Uint8Array))));
        } finally {
          const sent = this.#outbox;
          this.#outbox = null;
          setImmediate(() => {
            for (const notice of sent) this.#send(notice);
          });
        }
        return NOTHING;
      }
      default:
        return undefined;
    }
  }

  #send(notice: GattNotice): void {
    if (this.#outbox !== null) {
      this.#outbox.push(notice);
      return;
    }
    if (!this.connected) return;
    const { twist } = this.faults;
    for (const one of twist === null ? [notice] : twist(notice, this.#notices)) {
      const found = [...this.#gatt.characteristics.values()].find(
        ({ declared }) => declared.service === one.from.service && declared.characteristic === one.from.characteristic,
      );
      if (found === undefined || found.sessions.size === 0) continue;
      this.#host.changed(found.path, CHARACTERISTIC, { Value: ay(one.bytes) });
    }
    this.#notices += 1;
    if (this.#notices === this.faults.dropAfterNotices) this.drop();
  }

  #attributes(): Record<string, Record<string, FakeProperties>> {
    const found: Record<string, Record<string, FakeProperties>> = {};
    for (const [path, properties] of this.#gatt.services) found[path] = { [SERVICE]: properties };
    for (const one of this.#gatt.characteristics.values()) found[one.path] = { [CHARACTERISTIC]: propertiesOf(one) };
    return found;
  }

  #properties(): FakeProperties {
    const { address, simulator, paired, trusted, connected } = this;
    return {
      Address: s(address),
      AddressType: s("random"),
      Name: s(simulator.name),
      Alias: s(simulator.name),
      Adapter: o(this.#host.adapterPath),
      UUIDs: as(simulator.advertises.map(fullUuid)),
      Paired: b(paired),
      Bonded: b(paired),
      Trusted: b(trusted),
      Connected: b(connected),
      ServicesResolved: b(this.#resolved),
    };
  }
}

function given<T extends Uint8Array | "done">(answer: GattAnswer<T>): T {
  if (typeof answer === "object" && "att" in answer) throw attError(answer.att);
  return answer;
}
