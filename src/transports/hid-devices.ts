import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Attachment, UsbFacts } from "./attachments.js";
import { hex4, sysText, usbParent } from "./sysfs.js";

/** Names under which Linux shows HID devices. */
export const HID_NAME = /^hidraw\d+$/;

/** `BUS_USB` of the kernel's linux/input.h, as it stands at the head of HID_ID. */
const BUS_USB = 3;

/**
 * The HID devices on USB that are there now, with what the kernel tells of them; no library is loaded. Those on other
 * buses (touchpads, Bluetooth) are left out, and those without a node, which nobody can open. Never rejects.
 */
export async function listHidDevices(sysDir: string, devDir: string): Promise<readonly Attachment[]> {
  const names = (await readdir(join(sysDir, "class/hidraw")).catch(() => [])).filter((name) => HID_NAME.test(name));
  const found = await Promise.all(names.map((name) => oneDevice(sysDir, devDir, name)));
  return found.filter((one) => one !== null);
}

async function oneDevice(sysDir: string, devDir: string, name: string): Promise<Attachment | null> {
  const port = join(devDir, name);
  const folder = await realpath(join(sysDir, "class/hidraw", name, "device")).catch(() => null);
  if (folder === null || !(await exists(port))) return null;
  const says = properties((await sysText(join(folder, "uevent"))) ?? "");
  const parent = await usbParent(folder);
  const usb = merged(parent?.usb ?? null, says);
  if (usb === null) return null;
  return {
    transport: "hid",
    port,
    usb,
    virtual: false,
    interfaceNumber: parent?.interfaceNumber ?? null,
    usagePage: await usagePage(join(folder, "report_descriptor")),
  };
}

/** The USB device's own facts, and what only the HID device says: the one has them where the other lacks them. */
function merged(usb: UsbFacts | null, says: ReadonlyMap<string, string>): UsbFacts | null {
  const id = /^([0-9a-f]+):([0-9a-f]+):([0-9a-f]+)$/i.exec(says.get("HID_ID") ?? "");
  const own =
    id !== null && Number.parseInt(id[1] ?? "", 16) === BUS_USB
      ? { vendorId: hex4(id[2] ?? ""), productId: hex4(id[3] ?? "") }
      : null;
  // A Bluetooth device hangs on a USB one too: its radio. What it says of itself decides.
  if (id !== null && own === null) return null;
  const ids = own ?? usb;
  if (ids === null) return null;
  return {
    vendorId: ids.vendorId,
    productId: ids.productId,
    serial: usb?.serial ?? (says.get("HID_UNIQ") || null),
    product: usb?.product ?? (says.get("HID_NAME") || null),
  };
}

/**
 * The first usage page of a report descriptor: a global item with tag 0 (HID 1.11, 6.2.2.7), of one, two or four bytes.
 * Null if the descriptor can't be read or has none.
 */
async function usagePage(file: string): Promise<number | null> {
  const bytes = await readFile(file).catch(() => new Uint8Array());
  for (let at = 0; at < bytes.length; ) {
    const prefix = bytes[at] ?? 0;
    // A long item says its length in the next byte.
    if (prefix === 0xfe) {
      at += 3 + (bytes[at + 1] ?? 0);
      continue;
    }
    const size = [0, 1, 2, 4][prefix & 3] ?? 0;
    const data = bytes.subarray(at + 1, at + 1 + size);
    if ((prefix & 0xfc) === 0x04 && data.length === size) {
      return data.reduceRight((value, byte) => value * 256 + byte, 0);
    }
    at += 1 + size;
  }
  return null;
}

function properties(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
    }),
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
