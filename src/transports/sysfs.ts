import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { UsbFacts } from "./attachments.js";

/** The USB device above a folder of the kernel's sysfs. */
export interface UsbParent {
  readonly usb: UsbFacts;
  /** The number of the interface that was passed on the way up; null if there was none. */
  readonly interfaceNumber: number | null;
}

/** How many folders a device of ours lies at most below its USB device: hosts, targets and units of a disk are four. */
const DEPTH = 8;

/**
 * Goes up from a folder (links followed) to the one of its USB device, which holds idVendor and idProduct (the kernel's
 * Documentation/ABI/stable/sysfs-bus-usb). Null if it hangs on none.
 */
export async function usbParent(folder: string): Promise<UsbParent | null> {
  let interfaceNumber: number | null = null;
  let at = folder;
  for (let up = 0; up < DEPTH; up += 1, at = dirname(at)) {
    const number = await sysText(join(at, "bInterfaceNumber"));
    if (number !== null && /^[0-9a-f]{2}$/i.test(number)) interfaceNumber ??= Number.parseInt(number, 16);
    const usb = await usbFacts(at);
    if (usb !== null) return { usb, interfaceNumber };
  }
  return null;
}

/** What the USB device whose folder this is says about itself; null if it is none. */
export async function usbFacts(folder: string): Promise<UsbFacts | null> {
  const [vendor, product, serial, name] = await Promise.all(
    ["idVendor", "idProduct", "serial", "product"].map((file) => sysText(join(folder, file))),
  );
  if (!vendor || !product) return null;
  return { vendorId: hex4(vendor), productId: hex4(product), serial: serial ?? null, product: name ?? null };
}

/** An identifier as four lower-case digits, however many it is given with. */
export function hex4(text: string): string {
  return text.toLowerCase().slice(-4).padStart(4, "0");
}

/** What a file of sysfs says, without white space at its ends; null if it can't be read or says nothing. */
export async function sysText(file: string): Promise<string | null> {
  try {
    return (await readFile(file, "utf8")).trim() || null;
  } catch {
    return null;
  }
}
