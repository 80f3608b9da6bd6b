import { readdir, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { isProblem } from "../domain/problem.js";
import type { SerialAttachment, SerialPorts, UsbFacts } from "./attachments.js";
import { listVirtualPorts } from "./attachments-virtual.js";
import { loadSerialLibrary, type SerialLibrary, serialLibrary } from "./serial-open.js";
import { hex4, usbParent } from "./sysfs.js";

/** Names under which Linux shows USB serial adapters and meters. */
export const SERIAL_PORT_NAME = /^tty(USB|ACM)\d+$/;

/** Where to look; everything but `portsDir` is for tests. */
export interface ListOptions {
  /** Folder of virtual ports; null for none. */
  readonly portsDir: string | null;
  readonly devDir?: string;
  readonly sysDir?: string;
  readonly loadLibrary?: SerialLibrary;
}

/**
 * The serial ports that are there now: USB ones and virtual ones, not the machine's own. Spawns a program (udevadm) to
 * ask. Where that is missing, the ports are found all the same, with what the kernel's sysfs tells of them. Never rejects.
 */
export async function listSerialPorts(options: ListOptions): Promise<SerialPorts> {
  const devDir = options.devDir ?? "/dev";
  const sysDir = options.sysDir ?? "/sys";
  const [listed, names, virtual] = await Promise.all([
    askLibrary(options.loadLibrary ?? serialLibrary),
    readdir(devDir).catch(() => []),
    options.portsDir === null ? [] : listVirtualPorts(options.portsDir),
  ]);
  const ports = new Map<string, SerialAttachment>();
  for (const port of listed.ports) ports.set(port.port, port);
  // udev may not yet know a device that the kernel shows already.
  for (const name of names.filter((one) => SERIAL_PORT_NAME.test(one))) {
    const path = join(devDir, name);
    const known = ports.get(path)?.usb ?? null;
    const kernel = await usbFromSysfs(sysDir, name);
    const usb = known === null ? kernel : { ...known, product: known.product ?? kernel?.product ?? null };
    ports.set(path, { port: path, usb, virtual: false });
  }
  for (const port of virtual) ports.set(port.port, port);
  return {
    ports: [...ports.values()].sort((a, b) => (a.port < b.port ? -1 : 1)),
    missing: listed.missing,
  };
}

async function askLibrary(load: SerialLibrary): Promise<SerialPorts> {
  try {
    const { SerialPort } = await loadSerialLibrary(load);
    const ports = (await SerialPort.list()).flatMap((info): SerialAttachment[] => {
      const ids = info.vendorId !== undefined && info.productId !== undefined;
      if (!ids && !SERIAL_PORT_NAME.test(basename(info.path))) return [];
      return [{ port: info.path, usb: usbOf(info), virtual: false }];
    });
    return { ports, missing: null };
  } catch (error) {
    // The library's only way to list is udevadm: if that fails for any reason, the kernel's own files are asked.
    return { ports: [], missing: isProblem(error, "TRANSPORT_LIBRARY") ? "serialport" : "udev" };
  }
}

/** What the library tells of a port's cable; null if nothing that names it. */
function usbOf(info: {
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
  readonly serialNumber?: string | undefined;
}): UsbFacts | null {
  const { vendorId, productId, serialNumber } = info;
  if (vendorId === undefined || productId === undefined) return null;
  return { vendorId: hex4(vendorId), productId: hex4(productId), serial: serialNumber || null, product: null };
}

/** The facts of the USB device behind a terminal, below which `/sys/class/tty/<name>/device` lies. Null if none. */
async function usbFromSysfs(sysDir: string, name: string): Promise<UsbFacts | null> {
  const folder = await realpath(join(sysDir, "class/tty", name, "device")).catch(() => null);
  return folder === null ? null : ((await usbParent(folder))?.usb ?? null);
}
