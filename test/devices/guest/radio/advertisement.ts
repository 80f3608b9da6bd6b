import { fullUuid } from "../../../../src/transports/bluez/uuid.js";
import { type BusLine, DONE, variant } from "./bus-line.js";

const FACE = "org.bluez.LEAdvertisement1";
const MANAGER = "org.bluez.LEAdvertisingManager1";
/** No maker's number (Assigned Numbers, section 7.1: for tests). */
const NOBODY = 0xffff;

/** What a meter tells everybody: that it can be connected to, its name, and its services. */
export class Advertisement {
  readonly #line: BusLine;
  readonly #path: string;
  #turn = 0;

  constructor(line: BusLine, path: string, meter: { readonly name: string; readonly advertises: readonly string[] }) {
    this.#line = line;
    this.#path = path;
    const facts = {
      Type: variant("s", "peripheral"),
      LocalName: variant("s", meter.name),
      ServiceUUIDs: variant("as", meter.advertises.map(fullUuid)),
      Discoverable: variant("b", true),
    };
    line.serve((call) => {
      if (call.path !== path) return null;
      // BlueZ lets go of it.
      if (call.member === "Release") return DONE;
      return call.member === "GetAll" ? { signature: "a{sv}", values: [{ ...facts, ...this.#sign() }] } : null;
    });
  }

  async register(adapter: string): Promise<void> {
    await this.unregister(adapter);
    await this.#line.call(adapter, MANAGER, "RegisterAdvertisement", "oa{sv}", [this.#path, {}]);
  }

  async unregister(adapter: string): Promise<void> {
    await this.#line.call(adapter, MANAGER, "UnregisterAdvertisement", "o", [this.#path]).catch(() => undefined);
  }

  /**
   * Sends it anew, a little different: a controller made of software is heard but once, always equally loud, while each
   * packet of a real one comes with another strength.
   */
  renew(): void {
    this.#turn = (this.#turn + 1) & 0xff;
    const values = [FACE, this.#sign(), []];
    this.#line.signal(this.#path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", values);
  }

  #sign(): Readonly<Record<string, unknown>> {
    return { ManufacturerData: variant("a{qv}", { [NOBODY]: variant("ay", Buffer.of(this.#turn)) }) };
  }
}
