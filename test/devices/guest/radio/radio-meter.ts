import type { BleSimulator } from "../../../../src/kit/driver.js";
import type { GattName } from "../../../../src/kit/transport.js";
import type { Gate } from "../cable.js";
import { Advertisement } from "./advertisement.js";
import type { BusLine } from "./bus-line.js";
import { GattApplication } from "./gatt-application.js";

const ADAPTER = "org.bluez.Adapter1";
const DEVICE = "org.bluez.Device1";
/** How often it is heard while nobody is connected, milliseconds. */
const HEARD_EVERY_MS = 2_000;
/** Rounds of BlueZ's own loop after which a notice is on the air. */
const TURNS = 2;

/** A meter that is heard on the air, on a controller of its own; whoever answers behind it is new each time. */
export class RadioMeter {
  /** `C0:FF:EE:00:00:01`. */
  readonly address: string;
  readonly #line: BusLine;
  readonly #adapter: string;
  readonly #application: GattApplication;
  readonly #advertisement: Advertisement;
  readonly #unlisten: () => void;
  #meter: BleSimulator | null = null;
  #connected = false;
  #gate: Gate = async () => undefined;
  #last: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(line: BusLine, adapter: string, address: string, like: BleSimulator) {
    this.#line = line;
    this.#adapter = adapter;
    this.address = address;
    const root = `/lab${adapter.slice("/org/bluez".length)}`;
    this.#advertisement = new Advertisement(line, `${root}/advertisement`, like);
    this.#application = new GattApplication(line, `${root}/meter`, like.characteristics, {
      readValue: (name: GattName) => this.#meter?.readValue(name) ?? { att: 0x0e },
      write: (name, bytes) => this.#meter?.write(name, bytes) ?? { att: 0x0e },
    });
    this.#unlisten = line.onSignal(({ path, member, args }) => {
      if (member !== "PropertiesChanged" || !path.startsWith(`${adapter}/dev_`) || args[0] !== DEVICE) return;
      const { Connected } = args[1] as { readonly Connected?: boolean };
      if (Connected !== undefined) this.#connect(Connected);
    });
  }

  /** Makes one with the services of that simulator, out of reach. */
  static async make(line: BusLine, adapter: string, like: BleSimulator): Promise<RadioMeter> {
    const address = String(await line.get(adapter, ADAPTER, "Address"));
    const meter = new RadioMeter(line, adapter, address, like);
    await meter.#application.register(adapter);
    return meter;
  }

  /** Comes into reach with that meter behind it, and advertises until somebody connects. */
  async comeNear(meter: BleSimulator, gate: Gate): Promise<void> {
    this.#meter = meter;
    this.#gate = gate;
    await this.#line.set(this.#adapter, ADAPTER, "Powered", "b", true);
    await this.#line.set(this.#adapter, ADAPTER, "Alias", "s", meter.name);
    await this.#line.set(this.#adapter, ADAPTER, "Pairable", "b", true);
    await this.#advertisement.register(this.#adapter);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      if (!this.#connected) this.#advertisement.renew();
    }, HEARD_EVERY_MS);
  }

  /** Goes out of reach, at this very moment: the link, if there is one, is lost. */
  async goAway(): Promise<void> {
    clearInterval(this.#timer);
    const wasConnected = this.#connected;
    this.#connect(false);
    this.#meter = null;
    // A controller made of software goes on advertising when it is switched off: unless it is in a conversation, which stops that.
    if (!wasConnected) await this.#advertisement.unregister(this.#adapter);
    await this.#line.set(this.#adapter, ADAPTER, "Powered", "b", false).catch(() => undefined);
    if (wasConnected) await this.#advertisement.unregister(this.#adapter);
  }

  /** Forgets whom it is bonded with, as a person does in its menu. */
  async forgetBonds(): Promise<void> {
    const devices = Object.keys(await this.#line.objects()).filter((path) => path.startsWith(`${this.#adapter}/dev_`));
    for (const path of devices.filter((one) => one.split("/").length === 5)) {
      await this.#line.call(this.#adapter, ADAPTER, "RemoveDevice", "o", [path]).catch(() => undefined);
    }
  }

  /** Takes its services off the air for good. */
  async end(): Promise<void> {
    await this.goAway();
    await this.#application.unregister(this.#adapter);
    this.#unlisten();
  }

  #connect(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    const meter = this.#meter;
    if (!connected) meter?.disconnected();
    else
      meter?.connected((notice) => {
        this.#last = this.#last.then(async () => {
          if (meter !== this.#meter || !this.#connected) return;
          await this.#gate(1);
          if (meter !== this.#meter || !this.#connected) return;
          this.#application.notify(notice);
          await this.#settle();
        });
      });
  }

  /**
   * Waits until BlueZ has sent what it was given: it sends indications before notifications that still wait, and a meter
   * would seem to say that all was told before it was.
   */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await this.#line.get(this.#adapter, ADAPTER, "Address");
  }
}
