import { latin1 } from "../../src/kit/bytes.js";
import type { Mask } from "../../src/kit/driver.js";
import type { GattNotice } from "../../src/kit/transport.js";
import { DEVICE_INFORMATION, sameName } from "../shared/gatt/names.js";

/**
 * Masks the serial number where the meter tells it, in its Device Information. The frames that the session asks for carry
 * counters, times and values, and no text; where a serial number stands in any other value all the same, it is masked
 * there too.
 */
export function blank(notices: readonly GattNotice[], mask: Mask): Uint8Array[] {
  const serials = new Set(
    notices.filter(isSerial).flatMap(({ bytes }) => latin1(bytes).match(/[0-9A-Za-z-]{4,}/g) ?? []),
  );
  return notices.map((notice) => {
    if (isSerial(notice)) return mask(notice.bytes);
    const bytes = Uint8Array.from(notice.bytes);
    for (const serial of serials) {
      for (let at = latin1(bytes).indexOf(serial); at >= 0; at = latin1(bytes).indexOf(serial, at + 1)) {
        bytes.set(mask(bytes.slice(at, at + serial.length)), at);
      }
    }
    return bytes;
  });
}

function isSerial({ from }: GattNotice): boolean {
  return sameName(from, DEVICE_INFORMATION.serial);
}
