import type { GattCharacteristic, GattName, GattUse } from "../../kit/transport.js";
import { GATT_CHARACTERISTIC, GATT_SERVICE } from "./names.js";
import type { ObjectTree } from "./object-tree.js";
import { text, texts } from "./plain.js";
import { shortUuid } from "./uuid.js";

/** A characteristic and the path of its object. */
export interface CharacteristicObject extends GattCharacteristic {
  readonly path: string;
}

const USES: readonly GattUse[] = ["read", "write", "write-without-response", "notify", "indicate"];

/** The characteristics of a device in the order of their handles, which are in their objects' paths. */
export function characteristicsOf(tree: ObjectTree, devicePath: string): readonly CharacteristicObject[] {
  const found: CharacteristicObject[] = [];
  for (const [path, properties] of tree.all(GATT_CHARACTERISTIC, `${devicePath}/`)) {
    const service = tree.get(text(properties.get("Service")) ?? "", GATT_SERVICE);
    const uuid = text(properties.get("UUID"));
    const serviceUuid = text(service?.get("UUID"));
    if (uuid === null || serviceUuid === null) continue;
    const flags = texts(properties.get("Flags"));
    const uses = USES.filter((use) => flags.includes(use));
    found.push({ path, service: shortUuid(serviceUuid), characteristic: shortUuid(uuid), uses });
  }
  return found;
}

/** True if both name the same characteristic. */
export function sameName(one: GattName, other: GattName): boolean {
  return one.service === other.service && one.characteristic === other.characteristic;
}
