import type { FSWatcher } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AttachedDevices, Attachment } from "./attachments.js";
import { listVirtualPorts } from "./attachments-virtual.js";
import { Bell, listen } from "./bell.js";
import { BLOCK_NAME, listBlockDevices } from "./block-devices.js";
import { HID_NAME, listHidDevices } from "./hid-devices.js";
import { type ListOptions, listSerialPorts, SERIAL_PORT_NAME } from "./serial-ports.js";
import { listBulkDevices } from "./usb-devices.js";

/** Where to look, and for what. */
export interface DevicesOptions extends ListOptions {
  /** Identifiers (`173a:21d5`) of the meters on USB that are read by their bulk endpoints; default none. */
  readonly bulkIds?: ReadonlySet<string>;
}

/** What to watch, and whom to tell. */
export interface WatchDevicesOptions extends DevicesOptions {
  readonly signal: AbortSignal;
  /** How often to look even if nothing was heard, milliseconds; default 5000. */
  readonly everyMs?: number;
  /** Gets all attachments: at once at the start, then whenever something came, went or was replaced. */
  readonly onChange: (attached: AttachedDevices) => void;
}

/**
 * All that is plugged in and might be a meter: serial ports as `listSerialPorts` gives them, HID devices and disks on
 * USB, and the named bulk devices. Asks the kernel's own files; of the libraries, only serialport's is loaded, as ever.
 * Never rejects.
 */
export async function listDevices(options: DevicesOptions): Promise<AttachedDevices> {
  const devDir = options.devDir ?? "/dev";
  const sysDir = options.sysDir ?? "/sys";
  const [serial, hid, bulk, block] = await Promise.all([
    listSerialPorts(options),
    listHidDevices(sysDir, devDir),
    listBulkDevices(sysDir, options.bulkIds ?? new Set()),
    listBlockDevices(sysDir, devDir),
  ]);
  const ports = serial.ports.map((port): Attachment => ({ ...port, transport: "serial" }));
  const devices = [...ports, ...hid, ...bulk, ...block].sort((a, b) => (a.port < b.port ? -1 : 1));
  return { devices, missing: serial.missing };
}

/**
 * Watches devices come and go until the signal is aborted; resolves then, with all that it opened closed. Looks when the
 * system says that a name came or went, and now and then in case it missed one; a look costs a few file reads, and only
 * a change makes it ask for the full list. Rejects with what `onChange` throws.
 */
export async function watchDevices(options: WatchDevicesOptions): Promise<void> {
  const { signal, portsDir } = options;
  const devDir = options.devDir ?? "/dev";
  const usbDir = (options.bulkIds?.size ?? 0) > 0 ? join(devDir, "bus/usb") : null;
  const watchers = new Map<string, readonly FSWatcher[]>();
  const bell = new Bell(options.everyMs ?? 5000, signal);
  if (portsDir !== null) await mkdir(portsDir, { recursive: true }).catch(() => undefined);
  const hear = (folder: string, matters: (name: string) => boolean): void => {
    if (!watchers.has(folder)) watchers.set(folder, listen(folder, matters, bell));
  };
  hear(devDir, isOurs);
  if (portsDir !== null) hear(portsDir, (name) => name.endsWith(".json"));
  try {
    let seen: string | null = null;
    while (!signal.aborted) {
      // Before the look, so that what comes in between rings.
      const buses = usbDir === null ? [] : await busFolders(usbDir);
      const dead = [...watchers.keys()].filter((one) => usbDir !== null && one.startsWith(`${usbDir}/`));
      for (const folder of dead.filter((one) => !buses.includes(one))) {
        for (const watcher of watchers.get(folder) ?? []) watcher.close();
        watchers.delete(folder);
      }
      if (buses.length > 0 && usbDir !== null) hear(usbDir, () => true);
      for (const folder of buses) hear(folder, () => true);
      const now = await fingerprint(devDir, buses, portsDir);
      if (now !== seen) {
        seen = now;
        const attached = await listDevices(options);
        if (!signal.aborted) options.onChange(attached);
      }
      await bell.wait();
    }
  } finally {
    for (const watcher of [...watchers.values()].flat()) watcher.close();
  }
}

function isOurs(name: string): boolean {
  // `bus` comes with the first USB device of a machine that had none.
  return SERIAL_PORT_NAME.test(name) || HID_NAME.test(name) || BLOCK_NAME.test(name) || name === "bus";
}

/** One folder a bus, with a node in it for each device. */
async function busFolders(usbDir: string): Promise<readonly string[]> {
  const names = await readdir(usbDir).catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map((name) => join(usbDir, name));
}

/** Tells cheaply whether anything changed: names, what stands behind them, who may open them, live virtual ports. */
async function fingerprint(devDir: string, buses: readonly string[], portsDir: string | null): Promise<string> {
  const ours = (await readdir(devDir).catch(() => [])).filter((name) => name !== "bus" && isOurs(name));
  const onUsb = await Promise.all(
    buses.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))),
  );
  const nodes = await Promise.all(
    [...ours.map((name) => join(devDir, name)), ...onUsb.flat()].sort().map(async (path) => {
      const node = await stat(path).catch(() => null);
      return [path, node?.ino, node?.mode, node?.gid];
    }),
  );
  return JSON.stringify([nodes, portsDir === null ? [] : await listVirtualPorts(portsDir)]);
}
