import type { Mask } from "../../src/kit/driver.js";
import type { GattNotice } from "../../src/kit/transport.js";
import { DEVICE_INFORMATION, sameName } from "../shared/gatt/names.js";

/** Values that tell one device from all others: its serial number, and a system id with its address (2a23). */
const SYSTEM_ID = { service: "180a", characteristic: "2a23" } as const;

/** Masks the serial number and the system id; records bear no names, and there is no checksum to mend. */
export function blank(notices: readonly GattNotice[], mask: Mask): Uint8Array[] {
  return notices.map(({ from, bytes }) => {
    if (sameName(from, DEVICE_INFORMATION.serial)) return mask(bytes);
    if (sameName(from, SYSTEM_ID)) return new Uint8Array(bytes.length);
    return Uint8Array.from(bytes);
  });
}
