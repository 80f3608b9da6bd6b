import type { GattAnswer, SimulatedCharacteristic } from "../../../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../../../src/kit/transport.js";
import { fullUuid } from "../../../../src/transports/bluez/uuid.js";
import { type BusAnswer, type BusCall, type BusLine, DONE, variant } from "./bus-line.js";
import { flagsOf } from "./gatt-flags.js";

const SERVICE = "org.bluez.GattService1";
const CHARACTERISTIC = "org.bluez.GattCharacteristic1";
const PROPERTIES = "org.freedesktop.DBus.Properties";
const NOTIFYING = ["notify", "indicate"];

/** Who answers for the characteristics. */
export interface GattAnswerer {
  readValue(name: GattName): GattAnswer<Uint8Array>;
  write(name: GattName, bytes: Uint8Array): GattAnswer<"done">;
}

/** An object on the bus, by its path: interfaces by name, properties by name. */
type Objects = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, ReturnType<typeof variant>>>>>>>;

/** A meter's services as BlueZ takes them from a program (org.bluez.GattManager1). */
export class GattApplication {
  readonly #line: BusLine;
  readonly #root: string;
  readonly #answerer: GattAnswerer;
  readonly #paths = new Map<string, SimulatedCharacteristic>();
  readonly #objects: Objects;
  readonly #unserve: () => void;

  /** @param root path below which the objects stand; nothing else may */
  constructor(
    line: BusLine,
    root: string,
    characteristics: readonly SimulatedCharacteristic[],
    answerer: GattAnswerer,
  ) {
    this.#line = line;
    this.#root = root;
    this.#answerer = answerer;
    const services = [...new Set(characteristics.map(({ service }) => service))];
    const objects: [string, Objects[string]][] = services.map((service, index) => [
      `${root}/service${index}`,
      { [SERVICE]: { UUID: variant("s", fullUuid(service)), Primary: variant("b", true) } },
    ]);
    for (const [index, one] of characteristics.entries()) {
      const service = `${root}/service${services.indexOf(one.service)}`;
      const path = `${service}/char${index}`;
      this.#paths.set(path, one);
      const facts = {
        UUID: variant("s", fullUuid(one.characteristic)),
        Service: variant("o", service),
        Flags: variant("as", flagsOf(one.uses, one.bonded)),
      };
      objects.push([path, { [CHARACTERISTIC]: facts }]);
    }
    this.#objects = Object.fromEntries(objects);
    this.#unserve = line.serve((call) => this.#answer(call));
  }

  /** Gives it to a controller's BlueZ. */
  async register(adapter: string): Promise<void> {
    await this.#line.call(adapter, "org.bluez.GattManager1", "RegisterApplication", "oa{sv}", [this.#root, {}]);
  }

  /** Takes it back, and its objects off the bus. */
  async unregister(adapter: string): Promise<void> {
    await this.#line
      .call(adapter, "org.bluez.GattManager1", "UnregisterApplication", "o", [this.#root])
      .catch(() => undefined);
    this.#unserve();
  }

  /** Notifies or indicates to whoever subscribed, in the order of the calls. Throws an Error for a name that is not the meter's. */
  notify({ from, bytes }: GattNotice): void {
    const found = [...this.#paths].find(([, one]) => isSame(one, from));
    if (found === undefined) throw new Error(`the meter has no ${from.service}/${from.characteristic}`);
    const value = variant("ay", Buffer.from(bytes));
    this.#line.signal(found[0], PROPERTIES, "PropertiesChanged", "sa{sv}as", [CHARACTERISTIC, { Value: value }, []]);
  }

  #answer({ path, face, member, args }: BusCall): BusAnswer | null {
    if (path !== this.#root && !path.startsWith(`${this.#root}/`)) return null;
    if (member === "GetManagedObjects") return { signature: "a{oa{sa{sv}}}", values: [this.#objects] };
    if (face === PROPERTIES && member === "GetAll") {
      return { signature: "a{sv}", values: [this.#objects[path]?.[String(args[0])] ?? {}] };
    }
    const characteristic = this.#paths.get(path);
    if (characteristic === undefined || face !== CHARACTERISTIC) return null;
    return this.#use(characteristic, member, args);
  }

  #use(characteristic: SimulatedCharacteristic, member: string, args: readonly unknown[]): BusAnswer {
    switch (member) {
      case "ReadValue": {
        const answer = this.#answerer.readValue(characteristic);
        return "att" in answer ? refusal(answer.att) : { signature: "ay", values: [fromOffset(answer, args[0])] };
      }
      case "WriteValue": {
        const answer = this.#answerer.write(characteristic, Uint8Array.from(args[0] as Uint8Array));
        return typeof answer === "object" ? refusal(answer.att) : DONE;
      }
      case "StartNotify":
      case "StopNotify":
        return characteristic.uses.some((use) => NOTIFYING.includes(use)) ? DONE : refusal(0x06);
      // An indication was received.
      case "Confirm":
        return DONE;
      default:
        return refusal(0x06);
    }
  }
}

/**
 * An error of the attribute protocol as BlueZ takes it from a program (src/gatt-database.c of BlueZ 5.66): some by name,
 * those of the application (0x80 to 0x9f) by their number in the text; all others become 0x0e.
 */
function refusal(att: number): BusAnswer {
  const names: Readonly<Record<number, string>> = {
    2: "NotPermitted",
    3: "NotPermitted",
    6: "NotSupported",
    7: "InvalidOffset",
    8: "NotAuthorized",
    13: "InvalidValueLength",
  };
  return { error: `org.bluez.Error.${names[att] ?? "Failed"}`, text: `0x${att.toString(16)}` };
}

/** A long value is asked for piece by piece. */
function fromOffset(value: Uint8Array, options: unknown): Buffer {
  const { offset } = options as { readonly offset?: number };
  return Buffer.from(value.subarray(offset ?? 0));
}

function isSame(a: GattName, b: GattName): boolean {
  return a.service === b.service && a.characteristic === b.characteristic;
}
