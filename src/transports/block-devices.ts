import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Attachment } from "./attachments.js";
import { sysText, usbParent } from "./sysfs.js";

/** Names under which Linux shows SCSI disks, whole ones; on USB all disks are SCSI. */
export const BLOCK_NAME = /^sd[a-z]+$/;

/**
 * The disks on USB that are there now, with the vendor that each gives to INQUIRY, as the kernel keeps it. Those that
 * hang on no USB, the machine's own among them, are left out. Never rejects.
 */
export async function listBlockDevices(sysDir: string, devDir: string): Promise<readonly Attachment[]> {
  const names = (await readdir(join(sysDir, "block")).catch(() => [])).filter((name) => BLOCK_NAME.test(name));
  const found = await Promise.all(
    names.map(async (name): Promise<Attachment | null> => {
      const port = join(devDir, name);
      const folder = await realpath(join(sysDir, "block", name, "device")).catch(() => null);
      const node = await stat(port).catch(() => null);
      if (folder === null || node === null) return null;
      const parent = await usbParent(folder);
      if (parent === null) return null;
      const { usb, interfaceNumber } = parent;
      const vendorName = await sysText(join(folder, "vendor"));
      return { transport: "block", port, usb, virtual: false, interfaceNumber, vendorName };
    }),
  );
  return found.filter((one) => one !== null);
}
