import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SerialAttachment } from "./attachments.js";
import { type DevicesOptions, listDevices, watchDevices } from "./devices.js";

let root: string;
let devDir: string;
let sysDir: string;
let asked: number;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "glucohub-devices-")));
  devDir = join(root, "dev");
  sysDir = join(root, "sys");
  asked = 0;
  mkdirSync(devDir);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function where(more: Partial<DevicesOptions> = {}): DevicesOptions {
  const loadLibrary = async (): Promise<typeof import("serialport")> => {
    asked += 1;
    throw new Error("not installed");
  };
  return { portsDir: null, devDir, sysDir, loadLibrary, ...more };
}

function put(path: string, files: Record<string, string | Uint8Array>): string {
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function link(path: string, to: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(to, path);
}

/** A device on USB at a port (`1-1`), as the kernel's sysfs shows it. */
function usbDevice(at: string, files: Record<string, string>): string {
  const folder = put(join(sysDir, "devices/pci0000:00/usb1", at), files);
  link(join(sysDir, "bus/usb/devices", at), folder);
  return folder;
}

/** A HID device below a folder, with its node. */
function hidDevice(name: string, below: string, uevent: string, descriptor?: Uint8Array): void {
  const folder = put(join(below, `0003:${name}`), { uevent });
  if (descriptor !== undefined) writeFileSync(join(folder, "report_descriptor"), descriptor);
  link(join(sysDir, "class/hidraw", name, "device"), folder);
  writeFileSync(join(devDir, name), "");
}

const libre = { idVendor: "1a61\n", idProduct: "3650\n", serial: "JCGM1\n", product: "FreeStyle Libre\n" };
const guide = { idVendor: "173A\n", idProduct: "21D5\n", product: "Accu-Chek Guide\n" };
const verio = { idVendor: "2766\n", idProduct: "0000\n", serial: "ABC\n" };

describe("listDevices", () => {
  test("gives HID devices with what they and their USB device say, and the first usage page", async () => {
    const device = usbDevice("1-1", libre);
    const first = put(join(device, "1-1:1.0"), { bInterfaceNumber: "00\n" });
    const second = put(join(device, "1-1:1.1"), { bInterfaceNumber: "0a\n" });
    const uevent = "DRIVER=hid-generic\nHID_ID=0003:00001A61:00003650\nHID_NAME=Abbott FreeStyle\nHID_UNIQ=other\n";
    hidDevice("hidraw0", first, uevent, Uint8Array.of(0x06, 0x00, 0xff, 0x09, 0x01));
    // A long item, and one before the page, have to be stepped over.
    const odd = Uint8Array.of(0xfe, 2, 9, 0x05, 0x05, 0x09, 1, 0x05, 0x0c);
    hidDevice("hidraw1", second, uevent, odd);
    const usb = { vendorId: "1a61", productId: "3650", serial: "JCGM1", product: "FreeStyle Libre" };
    const common = { transport: "hid", usb, virtual: false };
    expect(await listDevices(where())).toEqual({
      missing: "serialport",
      devices: [
        { ...common, port: join(devDir, "hidraw0"), interfaceNumber: 0, usagePage: 0xff00 },
        { ...common, port: join(devDir, "hidraw1"), interfaceNumber: 10, usagePage: 0x0c },
      ],
    });
  });

  test("knows a HID device without a USB device above it by its own words, and leaves other buses out", async () => {
    const virtual = join(sysDir, "devices/virtual/misc/uhid");
    hidDevice("hidraw3", virtual, "HID_ID=0003:00001A79:00007350\nHID_NAME=Contour\nHID_UNIQ=S1\n", Uint8Array.of(5));
    hidDevice("hidraw4", join(virtual, "touchpad"), "HID_ID=0018:000006CB:0000CE67\nHID_NAME=Touchpad\n");
    // A Bluetooth device hangs on its radio, which is on USB.
    hidDevice(
      "hidraw5",
      usbDevice("1-7", { idVendor: "8087\n", idProduct: "0029\n" }),
      "HID_ID=0005:0000046D:0000B342\n",
    );
    hidDevice("hidraw6", join(virtual, "mute"), "");
    const usb = { vendorId: "1a79", productId: "7350", serial: "S1", product: "Contour" };
    const port = join(devDir, "hidraw3");
    expect((await listDevices(where())).devices).toEqual([
      { transport: "hid", port, usb, virtual: false, interfaceNumber: null, usagePage: null },
    ]);
    rmSync(port);
    expect((await listDevices(where())).devices).toEqual([]);
  });

  test("gives of the USB devices only those that are wanted, with their place as port", async () => {
    usbDevice("1-1", guide);
    usbDevice("1-2.4", { idVendor: "46d\n", idProduct: "c52b\n" });
    usbDevice("2-3.1.2", { ...guide, idProduct: "21d6\n", serial: "9021\n" });
    usbDevice("1-1:1.0", guide);
    usbDevice("usb1", guide);
    const bulkIds = new Set(["173a:21d5", "173a:21d6", "173a:21d7"]);
    const product = "Accu-Chek Guide";
    expect((await listDevices(where({ bulkIds }))).devices).toEqual([
      {
        transport: "usb",
        port: "usb:1-1",
        usb: { vendorId: "173a", productId: "21d5", serial: null, product },
        virtual: false,
      },
      {
        transport: "usb",
        port: "usb:2-3.1.2",
        usb: { vendorId: "173a", productId: "21d6", serial: "9021", product },
        virtual: false,
      },
    ]);
    expect((await listDevices(where())).devices).toEqual([]);
    const other = await listDevices(where({ bulkIds: new Set(["046d:c52b"]) }));
    expect(other.devices.map(({ port }) => port)).toEqual(["usb:1-2.4"]);
  });

  /** A disk with its vendor below a folder. */
  function disk(name: string, below: string, vendor?: string): void {
    const folder = put(join(below, "host6/target6:0:0/6:0:0:0"), vendor === undefined ? {} : { vendor });
    link(join(sysDir, "block", name, "device"), folder);
    writeFileSync(join(devDir, name), "");
  }

  test("gives disks on USB with the vendor of their INQUIRY, and not the machine's own", async () => {
    disk("sdb", put(join(usbDevice("1-1", verio), "1-1:1.0"), { bInterfaceNumber: "00\n" }), "LifeScan\n");
    disk("sdaa", put(join(usbDevice("1-2", libre), "1-2:1.1"), { bInterfaceNumber: "01\n" }));
    disk("sda", join(sysDir, "devices/pci0000:00/ata1"), "ATA     \n");
    disk("nvme0n1", join(sysDir, "devices/pci0000:00/nvme"), "LifeScan\n");
    link(join(sysDir, "block/loop0/nothing"), root);
    const usb = { vendorId: "2766", productId: "0000", serial: "ABC", product: null };
    expect((await listDevices(where())).devices).toEqual([
      {
        transport: "block",
        port: join(devDir, "sdaa"),
        usb: { vendorId: "1a61", productId: "3650", serial: "JCGM1", product: "FreeStyle Libre" },
        virtual: false,
        interfaceNumber: 1,
        vendorName: null,
      },
      {
        transport: "block",
        port: join(devDir, "sdb"),
        usb,
        virtual: false,
        interfaceNumber: 0,
        vendorName: "LifeScan",
      },
    ]);
  });

  test("gives serial ports as ever, which may be handed to whoever takes serial ports", async () => {
    writeFileSync(join(devDir, "ttyUSB0"), "");
    const { devices } = await listDevices(where());
    const port = join(devDir, "ttyUSB0");
    expect(devices).toEqual([{ transport: "serial", port, usb: null, virtual: false }]);
    const taken: SerialAttachment[] = devices.flatMap((one) =>
      one.transport === "serial" ? [{ ...one, transport: one.transport }] : [],
    );
    expect(taken).toHaveLength(1);
  });

  test("finds nothing, and does not fail, where the system shows nothing", async () => {
    const bulkIds = new Set(["173a:21d5"]);
    const options = where({ devDir: join(root, "none"), sysDir: join(root, "none"), bulkIds });
    expect(await listDevices(options)).toEqual({ devices: [], missing: "serialport" });
  });
});

describe("watchDevices", () => {
  function start(everyMs: number, bulkIds?: ReadonlySet<string>): { seen: string[][]; stop: () => Promise<void> } {
    const seen: string[][] = [];
    const abort = new AbortController();
    const done = watchDevices({
      ...where(bulkIds === undefined ? {} : { bulkIds }),
      signal: abort.signal,
      everyMs,
      onChange: ({ devices }) => seen.push(devices.map(({ port }) => port.replace(`${devDir}/`, ""))),
    });
    const stop = async (): Promise<void> => {
      abort.abort();
      await done;
    };
    return { seen, stop };
  }

  const soon = { timeout: 10_000 };

  test("tells of devices of every kind that come and go within moments, and of nothing else", async () => {
    const hid = usbDevice("1-1", libre);
    const { seen, stop } = start(600_000);
    await vi.waitUntil(() => seen.length === 1, soon);
    writeFileSync(join(devDir, "null"), "");
    writeFileSync(join(devDir, "sda1"), "");
    hidDevice("hidraw0", hid, "HID_ID=0003:00001A61:00003650\n");
    await vi.waitUntil(() => seen.length === 2, soon);
    writeFileSync(join(devDir, "ttyACM0"), "");
    await vi.waitUntil(() => seen.length === 3, soon);
    put(join(hid, "6:0:0:0"), { vendor: "LifeScan\n" });
    link(join(sysDir, "block/sdb/device"), join(hid, "6:0:0:0"));
    writeFileSync(join(devDir, "sdb"), "");
    await vi.waitUntil(() => seen.length === 4, soon);
    rmSync(join(devDir, "hidraw0"));
    await vi.waitUntil(() => seen.length === 5, soon);
    expect(seen).toEqual([[], ["hidraw0"], ["hidraw0", "ttyACM0"], ["hidraw0", "sdb", "ttyACM0"], ["sdb", "ttyACM0"]]);
    await stop();
    writeFileSync(join(devDir, "ttyACM1"), "");
    expect([seen.length, asked]).toEqual([5, 5]);
  });

  test("tells of wanted USB devices on buses that come later, and of one that was replaced", async () => {
    const { seen, stop } = start(600_000, new Set(["173a:21d5"]));
    await vi.waitUntil(() => seen.length === 1, soon);
    usbDevice("1-1", guide);
    put(join(devDir, "bus.new/usb/001"), { "002": "" });
    renameSync(join(devDir, "bus.new"), join(devDir, "bus"));
    await vi.waitUntil(() => seen.length === 2, soon);
    // Made while the first one is there, it can't have the same inode number.
    put(join(devDir, "bus/usb"), { later: "" });
    renameSync(join(devDir, "bus/usb/later"), join(devDir, "bus/usb/001/002"));
    await vi.waitUntil(() => seen.length === 3, soon);
    usbDevice("2-1", guide);
    put(join(devDir, "bus/new"), { "007": "" });
    renameSync(join(devDir, "bus/new"), join(devDir, "bus/usb/002"));
    await vi.waitUntil(() => seen.length === 4, soon);
    rmSync(join(devDir, "bus/usb/002"), { recursive: true });
    rmSync(join(sysDir, "bus/usb/devices/2-1"));
    await vi.waitUntil(() => seen.at(-1)?.length === 1, soon);
    expect(seen.slice(0, 4)).toEqual([[], ["usb:1-1"], ["usb:1-1"], ["usb:1-1", "usb:2-1"]]);
    await stop();
  });

  test("notices by its slow look what makes no event: that this user may open a device now", async () => {
    writeFileSync(join(devDir, "ttyUSB0"), "", { mode: 0o600 });
    const { seen, stop } = start(50);
    await vi.waitUntil(() => seen.length === 1, soon);
    chmodSync(join(devDir, "ttyUSB0"), 0o660);
    await vi.waitUntil(() => seen.length === 2, soon);
    expect(seen).toEqual([["ttyUSB0"], ["ttyUSB0"]]);
    await stop();
  });

  test("asks for the list only on a change, and costs next to nothing at rest", async () => {
    put(join(devDir, "bus/usb/001"), { "001": "" });
    const { seen, stop } = start(100, new Set(["173a:21d5"]));
    await vi.waitUntil(() => seen.length === 1, soon);
    const before = process.cpuUsage();
    const begun = performance.now();
    await vi.waitUntil(() => performance.now() - begun > 1500, { timeout: 5000, interval: 1500 });
    const used = process.cpuUsage(before);
    expect([asked, seen.length]).toEqual([1, 1]);
    // Fifty times as busy as in the hub, where it looks every 5 s.
    expect((used.user + used.system) / 1000 / (performance.now() - begun)).toBeLessThan(0.5);
    await stop();
  });

  test("rejects with what its listener throws, after closing everything", async () => {
    const boom = new Error("boom");
    const onChange = (): never => {
      throw boom;
    };
    const signal = new AbortController().signal;
    await expect(watchDevices({ ...where(), signal, onChange })).rejects.toBe(boom);
  });
});
