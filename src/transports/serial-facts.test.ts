import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serialFacts } from "./serial-facts.js";

/** A folder like the kernel's, with one USB device and a port on it. */
function sysfs(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "glucohub-sys-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const device = join(root, "devices/usb1/1-1");
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(device, name)), { recursive: true });
    writeFileSync(join(device, name), `${content}\n`);
  }
  mkdirSync(join(device, "1-1:1.0/ttyUSB3"), { recursive: true });
  mkdirSync(join(root, "bus/usb-serial/drivers/ch341"), { recursive: true });
  symlinkSync(join(root, "bus/usb-serial/drivers/ch341"), join(device, "1-1:1.0/driver"));
  mkdirSync(join(root, "class/tty/ttyUSB3"), { recursive: true });
  symlinkSync(join(device, "1-1:1.0/ttyUSB3"), join(root, "class/tty/ttyUSB3/device"));
  return root;
}

test("tells what a driver's author must know, and not the serial number", async () => {
  const sysDir = sysfs({
    idVendor: "dead",
    idProduct: "beef",
    bcdDevice: "0264",
    product: "Some Meter",
    serial: "SECRET-1",
    bDeviceClass: "ff",
    "1-1:1.0/bInterfaceClass": "ff",
    "1-1:1.0/bInterfaceSubClass": "01",
    "1-1:1.0/bInterfaceProtocol": "02",
  });
  const facts = await serialFacts("/dev/ttyUSB3", { sysDir });
  expect(facts).toEqual([
    ["usb", "dead:beef"],
    ["release", "0264"],
    ["product", "Some Meter"],
    ["class", "ff"],
    ["interface 1.0", "ff 01 02, driver ch341"],
  ]);
  expect(JSON.stringify(facts)).not.toContain("SECRET");
});

test("has nothing to tell of a port without USB, and of none at all", async () => {
  expect(await serialFacts("/dev/ttyS0", { sysDir: sysfs({ idVendor: "dead" }) })).toEqual([]);
  expect(await serialFacts("/dev/nothing", { sysDir: "/nowhere" })).toEqual([]);
});
