import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { CHECKOUT, type InitOptions, initScript, secondScript } from "../guest/init-script.js";
import { checkoutFiles } from "./checkout-files.js";
import { type CpioEntry, cpioArchive } from "./cpio.js";
import type { LabKit } from "./kit.js";

const FOLDERS = ["bin", "dev", "host", "modules", "proc", "sys"];
/** With this the kernel's first program speaks before devices are mounted. */
const CONSOLE = { kind: "device", path: "dev/console", major: 5, minor: 1 } as const;

/**
 * The second machine's first file system: a shell, the modules, the script that begins, and the built hub. Not packed:
 * unpacking would take longer than reading.
 */
export function initramfs(kit: Pick<LabKit, "busybox" | "modules">, init: Omit<InitOptions, "modules">): Buffer {
  return cpioArchive([...initramfsEntries(kit, init), ...checkoutFiles(init.checkout, CHECKOUT)]);
}

/** What is in it. */
export function initramfsEntries(
  kit: Pick<LabKit, "busybox" | "modules">,
  init: Omit<InitOptions, "modules">,
  read: (file: string) => Uint8Array = readFileSync,
): readonly CpioEntry[] {
  const modules = kit.modules.map((path) => basename(path));
  const script = Buffer.from(initScript({ ...init, modules }));
  return [
    ...FOLDERS.map((path): CpioEntry => ({ kind: "folder", path })),
    CONSOLE,
    { kind: "file", path: "init", data: script, executable: true },
    { kind: "file", path: "second", data: Buffer.from(secondScript(init)), executable: false },
    { kind: "file", path: "bin/busybox", data: read(kit.busybox), executable: true },
    ...kit.modules.map(
      (path): CpioEntry => ({ kind: "file", path: `modules/${basename(path)}`, data: read(path), executable: false }),
    ),
  ];
}
