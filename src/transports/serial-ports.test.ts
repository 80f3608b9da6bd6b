import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AttachedDevices } from "./attachments.js";
import { announceVirtualPort, listVirtualPorts } from "./attachments-virtual.js";
import { watchDevices } from "./devices.js";
import { openPty, type Pty } from "./pty.js";
import type { SerialLibrary } from "./serial-open.js";
import { listSerialPorts } from "./serial-ports.js";

const usb = { vendorId: "0403", productId: "6001", serial: "AB12", product: "Meter cable" };
let root: string;
let portsDir: string;
let devDir: string;
let sysDir: string;
const ptys: Pty[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glucohub-ports-"));
  portsDir = join(root, "ports");
  devDir = join(root, "dev");
  sysDir = join(root, "sys");
  mkdirSync(devDir);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(ptys.splice(0).map((pty) => pty.close()));
  rmSync(root, { recursive: true, force: true });
});

async function pty(): Promise<Pty> {
  const one = await openPty();
  ptys.push(one);
  return one;
}

function idle(): ChildProcess & { pid: number } {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  children.push(child);
  return Object.assign(child, { pid: child.pid ?? 0 });
}

/** The library with another list; `asked` counts how often it was asked for. */
function library(list: () => Promise<object[]>): { load: SerialLibrary; asked: () => number } {
  let asked = 0;
  const SerialPort = {
    list: () => {
      asked += 1;
      return list();
    },
  };
  return { load: async () => ({ SerialPort }) as unknown as typeof import("serialport"), asked: () => asked };
}

const noUdev = (): Promise<object[]> =>
  Promise.reject(Object.assign(new Error("spawn udevadm ENOENT"), { code: "ENOENT" }));

/** A terminal's folders as the kernel shows them: the interface some levels below the device. */
function plugInSysfs(name: string, below: string, files: Record<string, string>): void {
  const device = join(sysDir, "devices/usb1/1-1");
  mkdirSync(join(device, below), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(device, file), `${text}\n`);
  mkdirSync(join(sysDir, "class/tty", name), { recursive: true });
  symlinkSync(join(device, below), join(sysDir, "class/tty", name, "device"));
  writeFileSync(join(devDir, name), "");
}

describe("announceVirtualPort and listVirtualPorts", () => {
  test("a virtual port is listed from its announcement until that is taken back", async () => {
    const meter = await pty();
    const takeBack = announceVirtualPort(portsDir, "meter-1", { port: meter.path, usb, pid: meter.pid });
    expect(readdirSync(portsDir)).toEqual(["meter-1.json"]);
    expect(JSON.parse(readFileSync(join(portsDir, "meter-1.json"), "utf8"))).toEqual({
      port: meter.path,
      pid: meter.pid,
      startedAt: expect.stringMatching(/^\d+$/),
      usb,
    });
    expect(await listVirtualPorts(portsDir)).toEqual([{ port: meter.path, usb, virtual: true }]);
    takeBack();
    takeBack();
    expect(readdirSync(portsDir)).toEqual([]);
    expect(await listVirtualPorts(portsDir)).toEqual([]);
  });

  test("taking back leaves another's announcement of the same name alone", async () => {
    const [first, second] = [await pty(), await pty()];
    const takeBack = announceVirtualPort(portsDir, "meter", { port: first.path, usb: null, pid: first.pid });
    announceVirtualPort(portsDir, "meter", { port: second.path, usb: null, pid: second.pid });
    takeBack();
    expect(await listVirtualPorts(portsDir)).toEqual([{ port: second.path, usb: null, virtual: true }]);
  });

  test("an announcement of a dead process is removed, though its device path was given to another", async () => {
    const reused = await pty();
    const owner = idle();
    announceVirtualPort(portsDir, "dead", { port: reused.path, usb, pid: owner.pid });
    expect(await listVirtualPorts(portsDir)).toHaveLength(1);
    const dead = once(owner, "exit");
    owner.kill("SIGKILL");
    await dead;
    expect(await listVirtualPorts(portsDir)).toEqual([]);
    expect(readdirSync(portsDir)).toEqual([]);
  });

  test("an announcement is removed whose process number belongs to another process now", async () => {
    const reused = await pty();
    announceVirtualPort(portsDir, "older", { port: reused.path, usb });
    const file = join(portsDir, "older.json");
    const { startedAt } = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, readFileSync(file, "utf8").replace(startedAt, String(Number(startedAt) - 1)));
    expect(await listVirtualPorts(portsDir)).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });

  test("a device that is gone, strange files and a missing folder give no ports and no error", async () => {
    expect(await listVirtualPorts(join(root, "nowhere"))).toEqual([]);
    announceVirtualPort(portsDir, "gone", { port: "/dev/pts/none", usb });
    writeFileSync(join(portsDir, "half.json"), '{"port": "/dev/pt');
    writeFileSync(join(portsDir, "other.json"), '{"port": 7}');
    writeFileSync(join(portsDir, "notes.txt"), "hello");
    expect(await listVirtualPorts(portsDir)).toEqual([]);
    expect(readdirSync(portsDir).sort()).toEqual(["gone.json", "half.json", "notes.txt", "other.json"]);
  });

  test("refuses names that are paths and processes that do not live", () => {
    for (const name of ["../meter", "a/b", "", ".hidden"]) {
      expect(() => announceVirtualPort(portsDir, name, { port: "/dev/null", usb })).toThrow(
        expect.objectContaining({ code: "USAGE" }),
      );
    }
    expect(() => announceVirtualPort(portsDir, "m", { port: "/dev/null", usb, pid: 4194304999 })).toThrow(
      expect.objectContaining({ code: "TRANSPORT_GONE" }),
    );
  });
});

describe("listSerialPorts", () => {
  test("gives USB ports with their facts and virtual ones, and leaves the machine's own ports out", async () => {
    const meter = await pty();
    announceVirtualPort(portsDir, "meter", { port: meter.path, usb, pid: meter.pid });
    const { load } = library(async () => [
      { path: "/dev/ttyS0" },
      { path: "/dev/ttyUSB1", vendorId: "10C4", productId: "ea60", serialNumber: "0001" },
      { path: "/dev/ttyXRUSB0", vendorId: "4e2", productId: "1410" },
      { path: "/dev/ttyACM0" },
    ]);
    const { ports, missing } = await listSerialPorts({ portsDir, devDir, sysDir, loadLibrary: load });
    expect(missing).toBeNull();
    expect(ports).toEqual([
      { port: meter.path, usb, virtual: true },
      { port: "/dev/ttyACM0", usb: null, virtual: false },
      {
        port: "/dev/ttyUSB1",
        usb: { vendorId: "10c4", productId: "ea60", serial: "0001", product: null },
        virtual: false,
      },
      {
        port: "/dev/ttyXRUSB0",
        usb: { vendorId: "04e2", productId: "1410", serial: null, product: null },
        virtual: false,
      },
    ]);
  });

  test("without udev finds the ports by name, with the kernel's facts where it has them, and says what is missing", async () => {
    plugInSysfs("ttyUSB0", "1-1:1.0/ttyUSB0", {
      idVendor: "0403",
      idProduct: "6001",
      serial: "AB12",
      product: "Meter cable",
    });
    for (const name of ["ttyACM3", "ttyS0", "tty0", "ttyUSB", "null"]) writeFileSync(join(devDir, name), "");
    const { load } = library(noUdev);
    expect(await listSerialPorts({ portsDir: null, devDir, sysDir, loadLibrary: load })).toEqual({
      missing: "udev",
      ports: [
        { port: join(devDir, "ttyACM3"), usb: null, virtual: false },
        { port: join(devDir, "ttyUSB0"), usb, virtual: false },
      ],
    });
  });

  test("adds the product's name, which udev's list lacks, and what udev does not know yet", async () => {
    plugInSysfs("ttyACM0", "1-1:1.0", { idVendor: "1a79", idProduct: "6002", product: "Contour" });
    writeFileSync(join(devDir, "ttyUSB5"), "");
    const path = join(devDir, "ttyACM0");
    const { load } = library(async () => [{ path, vendorId: "1a79", productId: "6002", serialNumber: "S1" }]);
    const { ports } = await listSerialPorts({ portsDir: null, devDir, sysDir, loadLibrary: load });
    expect(ports).toEqual([
      { port: path, usb: { vendorId: "1a79", productId: "6002", serial: "S1", product: "Contour" }, virtual: false },
      { port: join(devDir, "ttyUSB5"), usb: null, virtual: false },
    ]);
  });

  test("works with the real library on this machine, and says if it can't be loaded", async () => {
    const { missing } = await listSerialPorts({ portsDir: null });
    expect(["udev", null]).toContain(missing);
    const broken = (): Promise<never> => Promise.reject(new Error("no prebuild"));
    expect((await listSerialPorts({ portsDir: null, devDir, loadLibrary: broken })).missing).toBe("serialport");
  });
});

describe("watchDevices, of serial ports", () => {
  /** Watches until the test ends; `seen` fills with what is told, as names. */
  function start(everyMs: number, list = noUdev): { seen: string[][]; asked: () => number; stop: () => Promise<void> } {
    const seen: string[][] = [];
    const abort = new AbortController();
    const { load, asked } = library(list);
    const onChange = ({ devices }: AttachedDevices): void => {
      seen.push(devices.map(({ port }) => port.replace(`${devDir}/`, "")));
    };
    const done = watchDevices({
      portsDir,
      devDir,
      sysDir,
      loadLibrary: load,
      signal: abort.signal,
      everyMs,
      onChange,
    });
    const stop = async (): Promise<void> => {
      abort.abort();
      await done;
    };
    return { seen, asked, stop };
  }

  test("tells of ports that come and go within moments, real and virtual, and of nothing else", async () => {
    const { seen, asked, stop } = start(60_000);
    await vi.waitUntil(() => seen.length === 1);
    writeFileSync(join(devDir, "null"), "");
    writeFileSync(join(devDir, "ttyUSB0"), "");
    await vi.waitUntil(() => seen.length === 2);
    const meter = await pty();
    const takeBack = announceVirtualPort(portsDir, "meter", { port: meter.path, usb, pid: meter.pid });
    await vi.waitUntil(() => seen.length === 3);
    takeBack();
    await vi.waitUntil(() => seen.length === 4);
    rmSync(join(devDir, "ttyUSB0"));
    await vi.waitUntil(() => seen.length === 5);
    expect(seen).toEqual([[], ["ttyUSB0"], [meter.path, "ttyUSB0"].sort(), ["ttyUSB0"], []]);
    expect(asked()).toBe(5);
    await stop();
    writeFileSync(join(devDir, "ttyUSB1"), "");
    expect(seen).toHaveLength(5);
  });

  test("tells of a port that was unplugged and plugged in again under its name before anybody looked", async () => {
    writeFileSync(join(devDir, "ttyUSB0"), "");
    const { seen, stop } = start(60_000);
    await vi.waitUntil(() => seen.length === 1);
    // The other file keeps the first one's inode number from being given to the second.
    rmSync(join(devDir, "ttyUSB0"));
    writeFileSync(join(devDir, "filler"), "");
    writeFileSync(join(devDir, "ttyUSB0"), "");
    await vi.waitUntil(() => seen.length === 2);
    expect(seen).toEqual([["ttyUSB0"], ["ttyUSB0"]]);
    await stop();
  });

  test("notices by its slow look what makes no event: a virtual meter that was killed", async () => {
    const meter = await pty();
    announceVirtualPort(portsDir, "meter", { port: meter.path, usb, pid: meter.pid });
    const { seen, stop } = start(50);
    await vi.waitUntil(() => seen.length === 1);
    meter.kill();
    await vi.waitUntil(() => seen.length === 2);
    expect(seen).toEqual([[meter.path], []]);
    await stop();
  });

  test("asks for the list only on a change, and costs next to nothing at rest", async () => {
    writeFileSync(join(devDir, "ttyUSB0"), "");
    const { seen, asked, stop } = start(100);
    await vi.waitUntil(() => seen.length === 1);
    const before = process.cpuUsage();
    const begun = performance.now();
    await vi.waitUntil(() => performance.now() - begun > 1500, { timeout: 5000, interval: 1500 });
    const used = process.cpuUsage(before);
    expect(asked()).toBe(1);
    expect(seen).toHaveLength(1);
    // Fifty times as busy as in the hub, where it looks every 5 s.
    expect((used.user + used.system) / 1000 / (performance.now() - begun)).toBeLessThan(0.5);
    await stop();
  });

  test("rejects with what its listener throws, after closing everything", async () => {
    const { load } = library(noUdev);
    const boom = new Error("boom");
    const onChange = (): never => {
      throw boom;
    };
    const signal = new AbortController().signal;
    await expect(watchDevices({ portsDir: null, devDir, sysDir, loadLibrary: load, signal, onChange })).rejects.toBe(
      boom,
    );
  });
});
