import type { MeterDriver } from "../kit/driver.js";
import type { MeterTransport } from "../kit/transport.js";
import { openBlock } from "./block.js";
import { openHid } from "./hid.js";
import { openSerial } from "./serial.js";
import { openBulk } from "./usb-bulk.js";

/**
 * Opens what the driver needs at that port: a serial line with its settings, a HID device, two bulk endpoints, a disk of
 * the right vendor. Rejects as those do: TRANSPORT_OPEN, TRANSPORT_LIBRARY, or the signal's reason.
 */
export async function openMeter(driver: MeterDriver, port: string, signal?: AbortSignal): Promise<MeterTransport> {
  switch (driver.transport) {
    case "serial":
      return await openSerial(port, driver.settings, signal);
    case "hid":
      return await openHid(port, signal);
    case "usb":
      return await openBulk(port, driver.interfaceNumber, signal);
    case "block":
      return await openBlock(port, { vendor: driver.inquiryVendor }, signal);
  }
}
