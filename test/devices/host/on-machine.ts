import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Packages that hold QEMU for this kind of machine. */
export const qemuPackages: readonly string[] = ["qemu-system-x86"];

/** Where a program of the radio may be, and the package that holds it. */
export const RADIO = {
  dbusDaemon: { places: ["usr/bin/dbus-daemon"], package: "dbus" },
  bluetoothd: { places: ["usr/libexec/bluetooth/bluetoothd", "usr/lib/bluetooth/bluetoothd"], package: "bluez" },
  btvirt: { places: ["usr/bin/btvirt"], package: "bluez-test-tools" },
} as const;
export type RadioProgram = keyof typeof RADIO;

/** What stands below a root already; null for what does not. */
export interface OnMachine {
  readonly qemu: string | null;
  readonly busybox: string | null;
  readonly kernel: { readonly image: string; readonly release: string; readonly modules: string } | null;
  readonly radio: Readonly<Record<RadioProgram, string | null>>;
}

/** Looks for the parts of a second machine below a root. `indexed`: a kernel counts only if depmod has seen its modules. */
export function onMachine(root = "/", indexed = true): OnMachine {
  const qemu = join(root, "usr/bin/qemu-system-x86_64");
  const busybox = [join(root, "bin/busybox"), join(root, "usr/bin/busybox")].find(isStatic) ?? null;
  const find = (program: RadioProgram): string | null =>
    RADIO[program].places.map((place) => join(root, place)).find(existsSync) ?? null;
  const radio = { dbusDaemon: find("dbusDaemon"), bluetoothd: find("bluetoothd"), btvirt: find("btvirt") };
  return { qemu: existsSync(qemu) ? qemu : null, busybox, kernel: newestKernel(root, indexed), radio };
}

function newestKernel(root: string, indexed: boolean): OnMachine["kernel"] {
  const releases = names(join(root, "boot")).flatMap((name) => /^vmlinuz-(\d.*-amd64)$/.exec(name)?.[1] ?? []);
  for (const release of releases.sort(byNumbers).reverse()) {
    const image = join(root, "boot", `vmlinuz-${release}`);
    const modules = ["lib/modules", "usr/lib/modules"].map((folder) => join(root, folder, release)).find(existsSync);
    if (modules === undefined || !readable(image)) continue;
    // A kernel made for virtual machines has none of the USB gadgets.
    const gadgets = indexed ? existsSync(join(modules, "modules.dep")) && hasGadgets(modules) : true;
    if (gadgets) return { image, release, modules };
  }
  return null;
}

function hasGadgets(modules: string): boolean {
  return /dummy_hcd\.ko/.test(readFileSync(join(modules, "modules.dep"), "utf8"));
}

function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** A program that needs a loader names it near its beginning. */
function isStatic(file: string): boolean {
  return readable(file) && !readFileSync(file).subarray(0, 4_096).includes("/ld-");
}

function readable(file: string): boolean {
  try {
    readFileSync(file).subarray(0, 1);
    return true;
  } catch {
    return false;
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
