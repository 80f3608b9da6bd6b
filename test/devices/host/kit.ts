import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { RadioPrograms } from "../guest/radio/radio-programs.js";
import { fetchPackages } from "./fetch-packages.js";
import { KitMissing } from "./kit-missing.js";
import { MODULES, moduleOrder } from "./module-order.js";
import { type OnMachine, onMachine, qemuPackages, RADIO, type RadioProgram } from "./on-machine.js";
import { run } from "./run.js";

/** All that a second machine is made of. */
export interface LabKit {
  readonly qemu: string;
  /** Where its libraries and its firmware are, if not where the system looks. */
  readonly libraries: readonly string[];
  readonly firmware: readonly string[];
  readonly kernel: string;
  /** `6.1.0-56-amd64`. */
  readonly release: string;
  /** Files, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** Those that were asked for; what they need is found. */
  readonly wanted: readonly string[];
  /** Statically linked. */
  readonly busybox: string;
  /** Programs for the second machine, by this one's paths. */
  readonly radio: RadioPrograms;
  /** Folders that the second machine must see for them. */
  readonly keep: readonly string[];
}

/**
 * What the lab needs: from this machine where it has it, else fetched as Debian packages, unpacked into the folder and
 * not installed. Kept there for the next time. Throws KitMissing with a sentence where it can't be had.
 */
export async function labKit(folder: string, say: (line: string) => void): Promise<LabKit> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new KitMissing("The lab needs Linux on x86-64: the second machine runs this machine's programs.");
  }
  const kept = keptKit(folder);
  if (kept !== null) return kept;
  mkdirSync(folder, { recursive: true });
  const part = mkdtempSync(join(folder, "part-"));
  try {
    const kit = await makeKit(part, say);
    rmSync(join(folder, "kit"), { recursive: true, force: true });
    renameSync(part, join(folder, "kit"));
    // What was made under another name until it was whole.
    const text = JSON.stringify(kit, null, 2).replaceAll(part, join(folder, "kit"));
    writeFileSync(join(folder, "kit/kit.json"), text);
    return JSON.parse(text) as LabKit;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** The kit that was made before, if all of it still stands. */
export function keptKit(folder: string): LabKit | null {
  try {
    const kit = JSON.parse(readFileSync(join(folder, "kit/kit.json"), "utf8")) as LabKit;
    const { dbusDaemon, bluetoothd, btvirt } = kit.radio;
    const files = [kit.qemu, kit.kernel, kit.busybox, dbusDaemon, bluetoothd, btvirt, ...kit.modules];
    // One that an earlier version of the lab made may lack what this one needs.
    return kit.wanted.join() === MODULES.join() && files.every((file) => existsSync(file)) ? kit : null;
  } catch {
    return null;
  }
}

async function makeKit(folder: string, say: (line: string) => void): Promise<LabKit> {
  const here = onMachine();
  const wanted = [
    ...(here.qemu === null ? qemuPackages : []),
    ...(here.busybox === null ? ["busybox-static"] : []),
    ...(here.kernel === null ? ["linux-image-amd64", "kmod"] : []),
    ...missingRadio(here).map((program) => RADIO[program].package),
  ];
  const root = join(folder, "root");
  if (wanted.length > 0) await fetchPackages(wanted, root, say);
  const kernel = here.kernel ?? (await unpackedKernel(root));
  const modules = keepModules(kernel, join(folder, "modules"));
  const image = join(folder, "vmlinuz");
  copyFileSync(kernel.image, image);
  // Some hundred megabytes of modules that nobody asks for.
  rmSync(join(root, "lib/modules"), { recursive: true, force: true });
  rmSync(join(root, "boot"), { recursive: true, force: true });
  return {
    qemu: here.qemu ?? join(root, "usr/bin/qemu-system-x86_64"),
    libraries: here.qemu === null ? libraryFolders(root) : [],
    firmware: here.qemu === null ? [join(root, "usr/share/qemu"), join(root, "usr/share/seabios")] : [],
    busybox: here.busybox ?? join(root, "bin/busybox"),
    ...{ kernel: image, release: kernel.release, modules, wanted: MODULES },
    ...radioOf(here, root),
  };
}

const PROGRAMS = ["dbusDaemon", "bluetoothd", "btvirt"] as const;

function missingRadio({ radio }: OnMachine): readonly RadioProgram[] {
  return PROGRAMS.filter((program) => radio[program] === null);
}

/** The programs of the radio, this machine's or those that were unpacked. */
function radioOf(here: OnMachine, root: string): Pick<LabKit, "radio" | "keep"> {
  const fetched = missingRadio(here).length > 0;
  const there = fetched ? onMachine(root, false).radio : here.radio;
  const place = (program: RadioProgram): string => {
    const found = here.radio[program] ?? there[program];
    if (found === null) throw new KitMissing(`The package ${RADIO[program].package} holds no such program.`);
    return found;
  };
  return {
    radio: {
      dbusDaemon: place("dbusDaemon"),
      bluetoothd: place("bluetoothd"),
      btvirt: place("btvirt"),
      libraries: fetched ? libraryFolders(root) : [],
    },
    keep: fetched ? [root] : [],
  };
}

/** A kernel's image, its name and the folder of its modules. */
interface Kernel {
  readonly image: string;
  readonly release: string;
  readonly modules: string;
}

/** The kernel that was unpacked, with the list of what its modules need, which installing would have made. */
async function unpackedKernel(root: string): Promise<Kernel> {
  const { kernel } = onMachine(root, false);
  if (kernel === null) throw new KitMissing("The package of the kernel holds no kernel where one was looked for.");
  // One program of many names.
  const { code, stderr } = await run(join(root, "bin/kmod"), ["-b", root, kernel.release], {
    argv0: "depmod",
    env: { ...process.env, LD_LIBRARY_PATH: libraryFolders(root).join(":") },
    limitMs: 60_000,
  });
  if (code !== 0) throw new KitMissing(`depmod failed: ${stderr.trim()}`);
  return kernel;
}

function libraryFolders(root: string): readonly string[] {
  return ["usr/lib", "lib"].map((folder) => join(root, folder, "x86_64-linux-gnu"));
}

function keepModules(kernel: Kernel, folder: string): readonly string[] {
  const read = (name: string): string => readFileSync(join(kernel.modules, name), "utf8");
  mkdirSync(folder);
  return moduleOrder(read("modules.dep"), read("modules.builtin")).map((path) => {
    const target = join(folder, basename(path));
    copyFileSync(join(kernel.modules, path), target);
    return target;
  });
}
