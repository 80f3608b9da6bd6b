import { Problem } from "../../domain/problem.js";
import { adapterOff } from "./connect-problem.js";
import { ADAPTER } from "./names.js";
import type { ObjectTree } from "./object-tree.js";
import { text } from "./plain.js";

/** A radio of this machine. */
export interface BluetoothAdapter {
  /** `hci0`. */
  readonly name: string;
  /** `00:1A:7D:DA:71:13`. */
  readonly address: string;
  readonly powered: boolean;
}

/** An adapter, and the path of its object. */
export interface AdapterObject extends BluetoothAdapter {
  readonly path: string;
}

/** All adapters, in the kernel's order. */
export function adaptersOf(tree: ObjectTree): readonly AdapterObject[] {
  const found = tree.all(ADAPTER).map(([path, properties]) => ({
    path,
    name: path.slice(path.lastIndexOf("/") + 1),
    address: text(properties.get("Address")) ?? "",
    powered: properties.get("Powered") === true,
  }));
  return found.sort((one, other) => one.path.length - other.path.length || (one.path < other.path ? -1 : 1));
}

/** The first adapter that is on, else the first; null if there is none. */
export function chooseAdapter(tree: ObjectTree): AdapterObject | null {
  const adapters = adaptersOf(tree);
  return adapters.find(({ powered }) => powered) ?? adapters[0] ?? null;
}

/** The first adapter that is on. Throws BLUETOOTH_MISSING (context `reason`: `adapter`, `off`) if there is none. */
export function demandAdapter(tree: ObjectTree): AdapterObject {
  const adapter = chooseAdapter(tree);
  if (adapter === null) {
    throw new Problem("BLUETOOTH_MISSING", "this machine has no Bluetooth adapter", { reason: "adapter" });
  }
  if (!adapter.powered) throw adapterOff();
  return adapter;
}
