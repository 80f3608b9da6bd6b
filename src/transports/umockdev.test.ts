import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/*
 * The real libraries against devices that umockdev puts in the place of the kernel's: it answers system calls of a child
 * process. The child runs the built program, as `npm test` builds it before it runs the suites.
 */

const DIST = join(import.meta.dirname, "../../dist/src/transports");
const run = promisify(execFile);

const can = ((): boolean => {
  try {
    execFileSync("umockdev-run", ["--version"], { stdio: "ignore" });
    return ["hid.js", "usb-bulk.js", "devices.js"].every((file) => existsSync(join(DIST, file)));
  } catch {
    return false;
  }
})();

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glucohub-umockdev-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const TREE = "/devices/pci0000:00/0000:00:14.0/usb1";

/** A HID meter at 1-1: device, interface, HID device, and the node's own folder. */
const HID_METER = `P: ${TREE}/1-1
N: bus/usb/001/007
E: DEVNAME=/dev/bus/usb/001/007
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
A: idVendor=1a61\\n
A: idProduct=3650\\n
A: serial=METER01\\n
A: product=Test Meter\\n
A: busnum=1\\n
A: devnum=7\\n

P: ${TREE}/1-1/1-1:1.0
E: DEVTYPE=usb_interface
E: SUBSYSTEM=usb
A: bInterfaceNumber=00\\n

P: ${TREE}/1-1/1-1:1.0/0003:1A61:3650.0001
E: SUBSYSTEM=hid
E: HID_ID=0003:00001A61:00003650
E: HID_NAME=Test Meter
E: HID_UNIQ=METER01

P: ${TREE}/1-1/1-1:1.0/0003:1A61:3650.0001/hidraw/hidraw0
N: hidraw0
E: DEVNAME=/dev/hidraw0
E: SUBSYSTEM=hidraw
L: device=../../../0003:1A61:3650.0001
`;

/** Standard descriptors (USB 2.0, 9.6): device, configuration, interface 0, endpoints 81 and 02, bulk, of 64 bytes. */
const DESCRIPTORS = [
  "12010002000000403A17D521000100000001",
  "090220000101008032",
  "0904000002FFFFFF00",
  "07058102400000",
  "07050202400000",
].join("");

/** A meter with two bulk endpoints at 1-2. */
const BULK_METER = `P: ${TREE}/1-2
N: bus/usb/001/009
E: BUSNUM=001
E: DEVNUM=009
E: DEVNAME=/dev/bus/usb/001/009
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
A: busnum=1\\n
A: devnum=9\\n
A: devpath=2\\n
A: idVendor=173a\\n
A: idProduct=21d5\\n
A: speed=12\\n
A: bConfigurationValue=1\\n
H: descriptors=${DESCRIPTORS}
`;

/** Runs a program with the devices in the kernel's place; gives what it prints, as JSON. */
async function inTestbed(devices: string, options: Record<string, string>, program: string): Promise<unknown> {
  const args: string[] = [];
  for (const [name, text] of Object.entries({ "-d": devices, ...options })) {
    const file = join(root, String(args.length));
    writeFileSync(file, text);
    // `-i /dev/node`: the node's file is named after it.
    const [flag = "", node] = name.split(" ");
    args.push(flag, node === undefined ? file : `${node}=${file}`);
  }
  const imports = [
    ["openHid", "hid.js"],
    ["openBulk", "usb-bulk.js"],
    ["listDevices", "devices.js"],
  ].map(([name, file]) => `import { ${name} } from ${JSON.stringify(pathToFileURL(join(DIST, file ?? "")).href)};`);
  const text = [
    ...imports,
    'import { rmSync } from "node:fs";',
    // Node.js looks into folders and at files by calls that umockdev does not answer: it is shown where they are.
    "const at = process.env.UMOCKDEV_DIR;",
    'const hex = (bytes) => Buffer.from(bytes).toString("hex");',
    `console.log(JSON.stringify(await (async () => { ${program} })()));`,
    "process.exit();",
  ].join("\n");
  const child = [process.execPath, "--input-type=module", "-e", text];
  const { stdout } = await run("umockdev-run", [...args, "--", ...child], { timeout: 15_000 });
  return JSON.parse(stdout);
}

/** Bytes as umockdev's scripts have them: `^@` for 0. Only what the tests need. */
function script(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte < 32 ? `^${String.fromCharCode(byte + 64)}` : String.fromCharCode(byte),
  ).join("");
}

function report(first: readonly number[], rest: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => first[at] ?? rest);
}

/** Answers to the two questions for the report descriptor: its length, and itself in a struct of 4 + 4096 bytes. */
function hidIoctls(): string {
  const descriptor = "0600ff0901a101150026ff007508954009018102954009019102c0";
  const size = (descriptor.length / 2).toString(16).padStart(2, "0").padEnd(8, "0");
  const whole = `${size}${descriptor}`.padEnd(2 * 4100, "0");
  return `@DEV /dev/hidraw0\nHIDIOCGRDESCSIZE 0 ${size}\nHIDIOCGRDESC 0 ${whole}\n`
    .toUpperCase()
    .replaceAll("/DEV/HIDRAW0", "/dev/hidraw0");
}

describe.skipIf(!can)("with umockdev's devices", () => {
  test("node-hid carries reports both ways, and a node that goes ends the read", async () => {
    const out = report([0, 1, 0x41], 0, 65);
    const [first, second] = [report([2, 0x42], 0x43, 64), report([3, 0x42], 0x44, 64)];
    const dialogue = `w 0 ${script(out)}\nr 5 ${script(first)}\nr 100 ${script(second)}\n`;
    const program = `
      const hid = await openHid("/dev/hidraw0", undefined, { node: at + "/dev/hidraw0" });
      await hid.write(Uint8Array.from({ length: 65 }, (_, at) => [0, 1, 0x41][at] ?? 0));
      const reports = [hex(await hid.read()), hex(await hid.read())];
      const gone = hid.read().catch((error) => error.code);
      const start = performance.now();
      rmSync(at + "/dev/hidraw0");
      const end = await gone;
      const inTime = performance.now() - start < 2000;
      return { reports, end, inTime, write: await hid.write(Uint8Array.of(0)).catch((error) => error.code) };`;
    const options = { "-i /dev/hidraw0": hidIoctls(), "-s /dev/hidraw0": dialogue };
    expect(await inTestbed(HID_METER, options, program)).toEqual({
      reports: [first, second].map((one) => Buffer.from(one).toString("hex")),
      end: "TRANSPORT_GONE",
      inTime: true,
      write: "TRANSPORT_GONE",
    });
  });

  test("usb claims the interface, asks for the status, gives what the meter sends, and ends when the node goes", async () => {
    // Each line: system call, result, then type, endpoint, status, flags, length, actual length, errors and the bytes.
    // Read to its end, it begins again: a meter that does not stop sending, while nobody can be written to.
    const dialogue = `@DEV /dev/bus/usb/001/009
USBDEVFS_REAPURBNDELAY 0 2 0 0 0 10 2 0 80000000000002000000
 USBDEVFS_REAPURBNDELAY 0 3 129 0 0 64 4 0 E200000A
  USBDEVFS_REAPURBNDELAY 0 3 129 0 0 64 3 0 AABBCC
`;
    const program = `
      const bulk = await openBulk("usb:1-2", 0, undefined, { devDir: at + "/dev" });
      let bytes = "";
      while (bytes.length < 28) bytes += hex(await bulk.read());
      rmSync(at + "/dev/bus/usb/001/009");
      const start = performance.now();
      const end = await (async () => { for (;;) await bulk.read(); })().catch((error) => error.code);
      const inTime = performance.now() - start < 2000;
      await bulk.close();
      const none = await openBulk("usb:1-3", 0).catch((error) => error.context.reason);
      return { bytes: bytes.slice(0, 28), end, inTime, none };`;
    expect(await inTestbed(BULK_METER, { "-i /dev/bus/usb/001/009": dialogue }, program)).toEqual({
      bytes: "e200000aaabbcce200000aaabbcc",
      end: "TRANSPORT_GONE",
      inTime: true,
      none: "missing",
    });
  });

  test("the listing finds both in the kernel's own tree", async () => {
    const program = `
      const loadLibrary = () => Promise.reject(new Error("not asked"));
      const bulkIds = new Set(["173a:21d5"]);
      const { devices } = await listDevices({
        portsDir: null, bulkIds, loadLibrary, devDir: at + "/dev", sysDir: at + "/sys",
      });
      return devices.map((one) => ({ ...one, port: one.port.replace(at, "") }));`;
    expect(await inTestbed(`${HID_METER}\n${BULK_METER}`, {}, program)).toEqual([
      {
        transport: "hid",
        port: "/dev/hidraw0",
        usb: { vendorId: "1a61", productId: "3650", serial: "METER01", product: "Test Meter" },
        virtual: false,
        interfaceNumber: 0,
        usagePage: null,
      },
      {
        transport: "usb",
        port: "usb:1-2",
        usb: { vendorId: "173a", productId: "21d5", serial: null, product: null },
        virtual: false,
      },
    ]);
  });
});
