import { Problem } from "../../domain/problem.js";
import { adaptersOf } from "./adapter.js";
import { DEVICE } from "./names.js";
import type { ObjectTree, Properties } from "./object-tree.js";
import { text } from "./plain.js";

/** A device that BlueZ knows, whether in reach or not. */
export interface DeviceObject {
  readonly path: string;
  readonly properties: Properties;
  readonly address: string;
  readonly name: string | null;
  readonly connected: boolean;
  readonly paired: boolean;
}

/** The address that a port names: `ble:C0:FF:EE:00:00:01`. Throws TRANSPORT_OPEN if it names none. */
export function addressOf(port: string): string {
  const found = /^ble:((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$/i.exec(port)?.[1];
  if (found === undefined) {
    const detail = `${port} is no Bluetooth address: they look like ble:C0:FF:EE:00:00:01`;
    throw new Problem("TRANSPORT_OPEN", detail, { path: port, reason: "no-device" });
  }
  return found.toUpperCase();
}

/** A device as BlueZ tells it. */
export function deviceOf(path: string, properties: Properties): DeviceObject {
  // `Bonded` (BlueZ 5.65 and later) is what lasts; `Paired` alone may be keys that are forgotten at the link's end.
  const bonded = properties.get("Bonded");
  return {
    path,
    properties,
    address: (text(properties.get("Address")) ?? "").toUpperCase(),
    name: text(properties.get("Name")),
    connected: properties.get("Connected") === true,
    paired: properties.get("Paired") === true && bonded !== false,
  };
}

/** The device of that address; of several adapters' the paired one, then that of the first adapter that is on. */
export function findDevice(tree: ObjectTree, address: string): DeviceObject | null {
  const adapters = adaptersOf(tree);
  const found = tree
    .all(DEVICE)
    .map(([path, properties]) => deviceOf(path, properties))
    .filter((device) => device.address === address || device.path.endsWith(`/dev_${address.replaceAll(":", "_")}`));
  const rank = (device: DeviceObject): number => {
    const adapter = adapters.findIndex(({ path }) => device.path.startsWith(`${path}/`));
    const off = adapters[adapter]?.powered === true ? 0 : 100;
    return (device.address === address ? 0 : 10_000) + (device.paired ? 0 : 1_000) + off + adapter;
  };
  return [...found].sort((one, other) => rank(one) - rank(other))[0] ?? null;
}

/** For people: `meter+00123456 (C0:FF:EE:00:00:01)`. */
export function nameFor(address: string, name: string | null): string {
  return name === null ? address : `${name} (${address})`;
}
