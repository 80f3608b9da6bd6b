import { systemClock } from "../../../../src/kit/system-clock.js";
import type { GattName } from "../../../../src/kit/transport.js";
import { fullUuid } from "../../../../src/transports/bluez/uuid.js";
import { until } from "../until.js";
import { type BusAnswer, BusLine, DONE, variant } from "./bus-line.js";
import { HUB_ADAPTER } from "./radio.js";

const ADAPTER = "org.bluez.Adapter1";
const DEVICE = "org.bluez.Device1";
const CHARACTERISTIC = "org.bluez.GattCharacteristic1";
const MANAGER = ["/org/bluez", "org.bluez.AgentManager1"] as const;
const KEYS = "/lab/keys";
const LIMIT_MS = 60_000;

/** A hub as small as can be, on the hub's controller: it shows that the lab's radio works whatever the hub's own code does. */
export class ProbeClient {
  readonly #line: BusLine;
  readonly #device: string;
  readonly #notices: { readonly path: string; readonly bytes: Uint8Array }[] = [];
  readonly #subscribed = new Set<string>();
  /** Types six digits when BlueZ asks for them. */
  #typed: () => Promise<string> = async () => "";

  private constructor(line: BusLine, address: string) {
    this.#line = line;
    this.#device = `${HUB_ADAPTER}/dev_${address.replaceAll(":", "_")}`;
    line.onSignal(({ path, member, args }) => {
      if (member !== "PropertiesChanged" || args[0] !== CHARACTERISTIC || !path.startsWith(`${this.#device}/`)) return;
      const { Value } = args[1] as { readonly Value?: Uint8Array };
      // BlueZ tells a value that was read in the same way.
      if (Value !== undefined && this.#subscribed.has(path)) this.#notices.push({ path, bytes: Value });
    });
  }

  /** @param address of the meter that it will speak with */
  static async open(address: string): Promise<ProbeClient> {
    const line = await BusLine.open();
    const client = new ProbeClient(line, address);
    line.serve(({ path, member }): BusAnswer | Promise<BusAnswer> | null => {
      if (path !== KEYS) return null;
      if (member !== "RequestPasskey") return DONE;
      return client.#typed().then((digits) => ({ signature: "u", values: [Number(digits)] }));
    });
    await line.call(...MANAGER, "RegisterAgent", "os", [KEYS, "KeyboardDisplay"]);
    return client;
  }

  /** Waits until the meter is heard; what it advertises. */
  async hear(): Promise<{ readonly name: unknown; readonly services: unknown; readonly paired: unknown }> {
    await this.#line.call(HUB_ADAPTER, ADAPTER, "SetDiscoveryFilter", "a{sv}", [{ Transport: variant("s", "le") }]);
    await this.#line.call(HUB_ADAPTER, ADAPTER, "StartDiscovery");
    await until("hearing the meter", LIMIT_MS, systemClock, async () =>
      (await this.#line.get(this.#device, DEVICE, "RSSI")) === null ? null : true,
    );
    await this.#line.call(HUB_ADAPTER, ADAPTER, "StopDiscovery");
    const [name, services, paired] = await Promise.all(
      ["Name", "UUIDs", "Paired"].map((property) => this.#line.get(this.#device, DEVICE, property)),
    );
    return { name, services, paired };
  }

  /** Connects, and waits until the meter's services are known. */
  async connect(): Promise<void> {
    await this.#line.call(this.#device, DEVICE, "Connect");
    await until("the services", LIMIT_MS, systemClock, async () =>
      (await this.#line.get(this.#device, DEVICE, "ServicesResolved")) === true ? true : null,
    );
  }

  /** Pairs; `typed` gives the digits when they are asked for. Throws a BusError where it fails. */
  async pair(typed: () => Promise<string>): Promise<void> {
    this.#typed = typed;
    await this.#line.call(this.#device, DEVICE, "Pair");
  }

  async read(name: GattName): Promise<Uint8Array> {
    return (await this.#use(name, "ReadValue", "a{sv}", [{}]))[0] as Uint8Array;
  }

  async write(name: GattName, bytes: Uint8Array): Promise<void> {
    await this.#use(name, "WriteValue", "aya{sv}", [Buffer.from(bytes), { type: variant("s", "request") }]);
  }

  async subscribe(name: GattName): Promise<void> {
    this.#subscribed.add(await this.#pathOf(name));
    await this.#use(name, "StartNotify");
  }

  /** What came since this was last asked. */
  async take(): Promise<readonly { readonly characteristic: string; readonly bytes: Uint8Array }[]> {
    const taken = this.#notices.splice(0);
    const ids = new Map<string, string>();
    for (const path of new Set(taken.map((notice) => notice.path))) {
      ids.set(path, String(await this.#line.get(path, CHARACTERISTIC, "UUID")));
    }
    return taken.map(({ path, bytes }) => ({ characteristic: ids.get(path) ?? "", bytes }));
  }

  /** How many came that nobody took. */
  get waiting(): number {
    return this.#notices.length;
  }

  async isConnected(): Promise<boolean> {
    return (await this.#line.get(this.#device, DEVICE, "Connected")) === true;
  }

  async isPaired(): Promise<boolean> {
    return (await this.#line.get(this.#device, DEVICE, "Paired")) === true;
  }

  async disconnect(): Promise<void> {
    await this.#line.call(this.#device, DEVICE, "Disconnect").catch(() => undefined);
  }

  /** Forgets the meter, and closes. */
  async close(): Promise<void> {
    await this.#line.call(HUB_ADAPTER, ADAPTER, "RemoveDevice", "o", [this.#device]).catch(() => undefined);
    await this.#line.call(...MANAGER, "UnregisterAgent", "o", [KEYS]).catch(() => undefined);
    this.#line.close();
  }

  async #use(
    name: GattName,
    member: string,
    signature = "",
    args: readonly unknown[] = [],
  ): Promise<readonly unknown[]> {
    return await this.#line.call(await this.#pathOf(name), CHARACTERISTIC, member, signature, args);
  }

  async #pathOf({ service, characteristic }: GattName): Promise<string> {
    const objects = await this.#line.objects();
    const found = Object.entries(objects).find(([path, faces]) => {
      const facts = faces[CHARACTERISTIC];
      if (!path.startsWith(`${this.#device}/`) || facts?.["UUID"] !== fullUuid(characteristic)) return false;
      return objects[String(facts["Service"])]?.["org.bluez.GattService1"]?.["UUID"] === fullUuid(service);
    });
    if (found === undefined) throw new Error(`BlueZ does not show ${service}/${characteristic}`);
    return found[0];
  }
}
