import { Problem } from "../domain/problem.js";
import type { MeterDriver } from "../kit/driver.js";
import type { BleTransport, MeterTransport } from "../kit/transport.js";
import { openBlock } from "./block.js";
import { openHid } from "./hid.js";
import { openSerial } from "./serial.js";
import { openBulk } from "./usb-bulk.js";

/** Connects to a meter on Bluetooth by its port, as `Bluetooth.open` does. */
export type OpenBle = (port: string, signal?: AbortSignal) => Promise<BleTransport>;

/**
 * Opens what the driver needs at that port: a serial line with its settings, a HID device, two bulk endpoints, a disk of
 * the right vendor, a meter on Bluetooth. Rejects as those do: TRANSPORT_OPEN, TRANSPORT_LIBRARY, METER_UNPAIRED,
 * BLUETOOTH_MISSING (also where there is nobody to open Bluetooth), or the signal's reason.
 */
export async function openMeter(
  driver: MeterDriver,
  port: string,
  signal?: AbortSignal,
  openBle?: OpenBle,
): Promise<MeterTransport> {
  switch (driver.transport) {
    case "serial":
      return await openSerial(port, driver.settings, signal);
    case "hid":
      return await openHid(port, signal);
    case "usb":
      return await openBulk(port, driver.interfaceNumber, signal);
    case "block":
      return await openBlock(port, { vendor: driver.inquiryVendor }, signal);
    case "ble":
      if (openBle === undefined) throw new Problem("BLUETOOTH_MISSING", `nothing here opens ${port}`);
      return await openBle(port, signal);
  }
}
