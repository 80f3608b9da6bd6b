import type { BleSimulator } from "../../../src/kit/driver.js";
import {
  as,
  BluezError,
  b,
  connectFakeBus,
  type FakeAnswer,
  type FakeBus,
  type FakeCall,
  type FakeProperties,
  NOTHING,
  s,
} from "./fake-bus.js";
import { FakeMeter, type FakeMeterOptions } from "./fake-meter.js";

/** How the adapter is at the start. */
export interface FakeBluezOptions {
  /** Null: there is none. Default: on. */
  readonly adapter?: "on" | "off" | null;
}

const ADAPTER = "org.bluez.Adapter1";
const ADAPTER_PATH = "/org/bluez/hci0";
const PROPERTIES = "org.freedesktop.DBus.Properties";
const MANAGER = "org.freedesktop.DBus.ObjectManager";
const UNKNOWN = "org.freedesktop.DBus.Error.UnknownObject";

/**
 * A stand-in for BlueZ on a private bus, with virtual meters behind it: as much of its interfaces as a gateway for meters
 * can need, written from BlueZ's documents and source, and its odd ways where they matter. It writes down what it is asked.
 */
export class FakeBluez {
  readonly meters: FakeMeter[] = [];
  /** How often each was called: `Device1.Connect`. */
  readonly calls = new Map<string, number>();
  /** The last discovery filter. */
  filter: ReadonlyMap<string, unknown> = new Map();
  /** Members of every interface that are never answered. */
  readonly silent = new Set<string>();
  /** Switching the adapter on fails with these words. */
  powerFails: string | null = null;
  /** `Trusted` can't be set. */
  trustFails = false;
  adapter: "on" | "off" | null;
  readonly #address: string;
  readonly #discoverers = new Set<string>();
  #bus: FakeBus | null = null;
  #agent: { readonly sender: string; readonly path: string; readonly capability: string; asDefault: boolean } | null =
    null;

  private constructor(address: string, adapter: "on" | "off" | null) {
    this.#address = address;
    this.adapter = adapter;
  }

  /** Starts on the bus at the address. */
  static async start(address: string, options: FakeBluezOptions = {}): Promise<FakeBluez> {
    const bluez = new FakeBluez(address, options.adapter === undefined ? "on" : options.adapter);
    await bluez.appear();
    return bluez;
  }

  get discovering(): boolean {
    return this.#discoverers.size > 0;
  }

  /** What the agent said that it can; null if there is no default agent. */
  get agentCapability(): string | null {
    return this.#agent?.asDefault === true ? this.#agent.capability : null;
  }

  called(name: string): number {
    return this.calls.get(name) ?? 0;
  }

  addMeter(simulator: BleSimulator, options: FakeMeterOptions): FakeMeter {
    const host = {
      adapterPath: ADAPTER_PATH,
      discovering: () => this.discovering,
      added: this.#added.bind(this),
      removed: (path: string, interfaces: readonly string[]) =>
        this.#bus?.tell("/", MANAGER, "InterfacesRemoved", "oas", [path, [...interfaces]]),
      changed: this.#changed.bind(this),
      agent: this.askAgent.bind(this),
    };
    const meter = new FakeMeter(host, simulator, options);
    this.meters.push(meter);
    for (const [path, interfaces] of Object.entries(meter.objects())) this.#added(path, interfaces);
    meter.advertise();
    return meter;
  }

  /** Comes (back) on the bus. */
  async appear(): Promise<void> {
    this.#bus = await connectFakeBus(this.#address, (call) => this.#answer(call));
  }

  /** Resolves when all that was sent to and by it so far has arrived. */
  async round(): Promise<void> {
    await this.#bus?.ask("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", "", []);
    await new Promise(setImmediate);
  }

  /** Its process ends: the name goes, and everything but the bonds with it. */
  async vanish(): Promise<void> {
    const bus = this.#bus;
    this.#bus = null;
    this.#discoverers.clear();
    this.#agent = null;
    for (const meter of this.meters) meter.restarted();
    await bus?.close();
  }

  /** The adapter is plugged in, pulled, or switched by somebody else. */
  setAdapter(adapter: "on" | "off" | null): void {
    const was = this.adapter;
    this.adapter = adapter;
    if (adapter !== "on") this.#discoverers.clear();
    if (was === null && adapter !== null) this.#added(ADAPTER_PATH, { [ADAPTER]: this.#adapterProperties() });
    else if (adapter === null && was !== null) {
      this.#bus?.tell("/", MANAGER, "InterfacesRemoved", "oas", [ADAPTER_PATH, [ADAPTER]]);
    } else if (adapter !== was) {
      this.#changed(ADAPTER_PATH, ADAPTER, { Powered: b(adapter === "on"), Discovering: b(false) });
    }
  }

  #added(path: string, interfaces: Record<string, FakeProperties>): void {
    this.#bus?.tell("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces]);
  }

  #changed(path: string, name: string, properties: FakeProperties): void {
    this.#bus?.tell(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [name, properties, []]);
  }

  /** Asks the default agent; rejects with what it answers. */
  async askAgent(member: string, signature: string, body: unknown[]): Promise<readonly unknown[]> {
    const agent = this.#agent;
    if (agent === null || this.#bus === null) throw new BluezError("AuthenticationFailed", "no agent");
    const reply = await this.#bus.ask(agent.sender, agent.path, "org.bluez.Agent1", member, signature, body);
    return reply.body;
  }

  async #answer(call: FakeCall): Promise<FakeAnswer> {
    const name = `${call.interface.slice(call.interface.lastIndexOf(".") + 1)}.${call.member}`;
    this.calls.set(name, this.called(name) + 1);
    if (this.silent.has(call.member)) return null;
    if (name === "ObjectManager.GetManagedObjects") return { signature: "a{oa{sa{sv}}}", body: [this.#objects()] };
    if (call.interface === "org.bluez.AgentManager1") return this.#agents(call);
    if (call.path === ADAPTER_PATH && call.interface === ADAPTER) return this.#adapterCall(call);
    if (name === "Properties.Set") return this.#set(call);
    for (const meter of this.meters) {
      const answer = await meter.answer(call);
      if (answer !== undefined) return answer;
    }
    const unknown = new BluezError("Failed", `no ${name} at ${call.path}`);
    Object.assign(unknown, { type: UNKNOWN });
    throw unknown;
  }

  #objects(): Record<string, Record<string, FakeProperties>> {
    const root: Record<string, Record<string, FakeProperties>> = { "/org/bluez": { "org.bluez.AgentManager1": {} } };
    if (this.adapter !== null) root[ADAPTER_PATH] = { [ADAPTER]: this.#adapterProperties() };
    return Object.assign(root, ...this.meters.map((meter) => meter.objects()));
  }

  #agents({ member, sender, body: [path, capability] }: FakeCall): FakeAnswer {
    if (member === "RegisterAgent") {
      if (this.#agent?.sender === sender) throw new BluezError("AlreadyExists", "Already Exists");
      this.#agent = { sender, path: String(path), capability: String(capability), asDefault: false };
    } else if (this.#agent?.sender !== sender) throw new BluezError("DoesNotExist", "Does Not Exist");
    else if (member === "RequestDefaultAgent") this.#agent.asDefault = true;
    else this.#agent = null;
    return NOTHING;
  }

  #adapterCall({ member, sender, body: [first] }: FakeCall): FakeAnswer {
    switch (member) {
      case "SetDiscoveryFilter":
        this.filter = new Map(
          Object.entries(Object(first)).map(([key, variant]) => [key, Reflect.get(Object(variant), "value")]),
        );
        return NOTHING;
      case "StartDiscovery":
        if (this.adapter !== "on") throw new BluezError("NotReady", "Resource Not Ready");
        if (this.#discoverers.has(sender)) throw new BluezError("InProgress", "Operation already in progress");
        this.#discoverers.add(sender);
        this.#changed(ADAPTER_PATH, ADAPTER, { Discovering: b(true) });
        // Behind the answer, as on the air.
        setImmediate(() => {
          for (const meter of this.meters) meter.advertise();
        });
        return NOTHING;
      case "StopDiscovery":
        if (!this.#discoverers.delete(sender)) throw new BluezError("Failed", "No discovery started");
        if (!this.discovering) this.#changed(ADAPTER_PATH, ADAPTER, { Discovering: b(false) });
        return NOTHING;
      case "RemoveDevice": {
        const meter = this.meters.find(({ path }) => path === first);
        if (meter === undefined) throw new BluezError("DoesNotExist", "Does Not Exist");
        meter.remove();
        setImmediate(() => meter.advertise());
        return NOTHING;
      }
      default:
        throw new BluezError("Failed", member);
    }
  }

  #set({ path, body: [, name, variant] }: FakeCall): FakeAnswer {
    const value = Reflect.get(Object(variant), "value") === true;
    if (path === ADAPTER_PATH && name === "Powered") {
      if (this.powerFails !== null) throw new BluezError("Failed", this.powerFails);
      this.setAdapter(value ? "on" : "off");
      return NOTHING;
    }
    const meter = this.meters.find((one) => one.path === path);
    if (meter === undefined || name !== "Trusted" || this.trustFails) throw new BluezError("Failed", String(name));
    meter.trusted = value;
    this.#changed(path, "org.bluez.Device1", { Trusted: b(value) });
    return NOTHING;
  }

  #adapterProperties(): FakeProperties {
    return {
      Address: s("00:1A:7D:DA:71:13"),
      Name: s("bench"),
      Powered: b(this.adapter === "on"),
      Discovering: b(this.discovering),
      UUIDs: as([]),
    };
  }
}
