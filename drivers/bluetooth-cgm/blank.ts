import type { Mask } from "../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../src/kit/transport.js";
import { DEVICE_INFORMATION, sameName } from "../shared/gatt/names.js";

/** The system id: a Bluetooth address stands in it. */
const SYSTEM_ID: GattName = { service: "180a", characteristic: "2a23" };

/** Masks the serial number and the system id; what the CGM Service tells has no names in it, so that its checks stay right. */
export function blank(notices: readonly GattNotice[], mask: Mask): Uint8Array[] {
  return notices.map(({ from, bytes }) => {
    if (sameName(from, DEVICE_INFORMATION.serial)) return mask(bytes);
    return sameName(from, SYSTEM_ID) ? new Uint8Array(bytes.length) : Uint8Array.from(bytes);
  });
}
