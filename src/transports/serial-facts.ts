import { readdir, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sysText } from "./sysfs.js";

/** Where the kernel shows its devices; for tests. */
export interface FactsOptions {
  readonly sysDir?: string;
}

/**
 * What the kernel tells of the device behind a serial port, for somebody who is to write a driver for it: name and value of
 * each fact, in a fixed order, without its serial number. Empty for a port that hangs on no USB device. Never rejects.
 *
 * Files by the kernel's Documentation/ABI/stable/sysfs-bus-usb: `idVendor`, `idProduct`, `bcdDevice`, `manufacturer`,
 * `product` in the device's folder, `bInterfaceClass` and so on in those of its interfaces, `driver` linked in each.
 */
export async function serialFacts(port: string, options: FactsOptions = {}): Promise<readonly [string, string][]> {
  const sysDir = options.sysDir ?? "/sys";
  let folder = await realpath(join(sysDir, "class/tty", basename(port), "device")).catch(() => null);
  // ttyACM hangs on the interface below the device, ttyUSB one deeper.
  for (let up = 0; folder !== null && up < 4; up += 1, folder = dirname(folder)) {
    const vendor = await sysText(join(folder, "idVendor"));
    if (vendor === null) continue;
    const facts: [string, string | null][] = [
      ["usb", `${vendor}:${await sysText(join(folder, "idProduct"))}`],
      ["release", await sysText(join(folder, "bcdDevice"))],
      ["manufacturer", await sysText(join(folder, "manufacturer"))],
      ["product", await sysText(join(folder, "product"))],
      ["class", await sysText(join(folder, "bDeviceClass"))],
      ...(await interfaces(folder)),
    ];
    return facts.filter((fact): fact is [string, string] => fact[1] !== null);
  }
  return [];
}

async function interfaces(device: string): Promise<[string, string | null][]> {
  const names = (await readdir(device).catch(() => [])).filter((name) => /:\d+\.\d+$/.test(name)).sort();
  return await Promise.all(
    names.map(async (name): Promise<[string, string | null]> => {
      const folder = join(device, name);
      const codes = await Promise.all(
        ["bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"].map((file) => sysText(join(folder, file))),
      );
      const driver = await readlink(join(folder, "driver")).catch(() => null);
      return [
        `interface ${name.split(":")[1]}`,
        `${codes.join(" ")}, driver ${driver === null ? "none" : basename(driver)}`,
      ];
    }),
  );
}
