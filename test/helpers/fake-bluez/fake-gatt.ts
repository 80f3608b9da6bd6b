import type { BleSimulator, SimulatedCharacteristic } from "../../../src/kit/driver.js";
import { as, BluezError, b, type FakeProperties, fullUuid, o, s } from "./fake-bus.js";

/** A characteristic of the meter as an object of BlueZ. */
export interface FakeCharacteristic {
  readonly path: string;
  readonly declared: SimulatedCharacteristic;
  /** Connections that have asked to be notified. BlueZ keeps them over the end of a link. */
  readonly sessions: Set<string>;
}

/** The meter's attributes as objects: services in the order in which they are declared, handles counted through. */
export interface FakeGatt {
  readonly services: ReadonlyMap<string, FakeProperties>;
  readonly characteristics: ReadonlyMap<string, FakeCharacteristic>;
}

/** Numbers the attributes as a meter does: a service, then for each characteristic its declaration, value and switch. */
export function gattOf(simulator: BleSimulator, devicePath: string): FakeGatt {
  const services = new Map<string, FakeProperties>();
  const characteristics = new Map<string, FakeCharacteristic>();
  let handle = 1;
  for (const service of new Set(simulator.characteristics.map((one) => one.service))) {
    const servicePath = `${devicePath}/service${hex4(handle)}`;
    services.set(servicePath, { UUID: s(fullUuid(service)), Device: o(devicePath), Primary: b(true) });
    handle += 1;
    for (const declared of simulator.characteristics.filter((one) => one.service === service)) {
      const path = `${servicePath}/char${hex4(handle)}`;
      characteristics.set(path, { path, declared, sessions: new Set() });
      handle += 3;
    }
  }
  return { services, characteristics };
}

/** The properties of a characteristic, as `GattCharacteristic1` has them. */
export function propertiesOf({ path, declared }: FakeCharacteristic): FakeProperties {
  return {
    UUID: s(fullUuid(declared.characteristic)),
    Service: o(path.slice(0, path.lastIndexOf("/"))),
    Flags: as(declared.uses),
    Notifying: b(false),
  };
}

/** How BlueZ tells an error of the attribute protocol (its src/gatt-client.c, `create_gatt_dbus_error`). */
export function attError(att: number): BluezError {
  switch (att) {
    case 0x02:
      return new BluezError("NotPermitted", "Read not permitted");
    case 0x03:
      return new BluezError("NotPermitted", "Write not permitted");
    case 0x05:
    case 0x0c:
    case 0x0f:
      return new BluezError("NotPermitted", "Not paired");
    case 0x06:
      return new BluezError("NotSupported", "Operation is not supported");
    case 0x07:
      return new BluezError("InvalidArguments", "Invalid offset");
    case 0x08:
      return new BluezError("NotAuthorized", "Operation Not Authorized");
    case 0x0d:
      return new BluezError("InvalidArguments", "Invalid Length");
    default:
      return new BluezError("Failed", `Operation failed with ATT error: 0x${att.toString(16).padStart(2, "0")}`);
  }
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, "0");
}
