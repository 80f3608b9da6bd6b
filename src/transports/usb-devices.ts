import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Attachment } from "./attachments.js";
import { usbFacts } from "./sysfs.js";

/** A device on USB in sysfs: its bus and the ports on the way to it. Not root hubs (`usb1`), not interfaces (`1-1:1.0`). */
const USB_NAME = /^\d+-\d+(\.\d+)*$/;

/**
 * The USB devices that are there now and have one of the identifiers (`173a:21d5`); all others are nobody's business
 * here. Their port is their place on USB, which `openBulk` takes. Never rejects.
 */
export async function listBulkDevices(sysDir: string, bulkIds: ReadonlySet<string>): Promise<readonly Attachment[]> {
  if (bulkIds.size === 0) return [];
  const folder = join(sysDir, "bus/usb/devices");
  const names = (await readdir(folder).catch(() => [])).filter((name) => USB_NAME.test(name));
  const found = await Promise.all(
    names.map(async (name): Promise<Attachment | null> => {
      const usb = await usbFacts(join(folder, name));
      if (usb === null || !bulkIds.has(`${usb.vendorId}:${usb.productId}`)) return null;
      return { transport: "usb", port: `usb:${name}`, usb, virtual: false };
    }),
  );
  return found.filter((one) => one !== null);
}
