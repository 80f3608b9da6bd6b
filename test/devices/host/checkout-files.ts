import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CpioEntry } from "./cpio.js";

/** What a hub in use consists of, beside its packages: as it would be installed, without sources. */
const FOLDERS = ["config", "dist"] as const;
const FILES = ["package.json", "package-lock.json", "node_modules/.glucohub-installed"] as const;
/** What a running program reads; not maps, types, sources and documents. */
const READ = /(\.(?:[cm]?js|json|node|lua|wasm|html|css|ya?ml)|\.glucohub-built|LICENSE)$/;

/**
 * The built hub and its packages, without those only for development, as entries of an archive below a folder. In the
 * second machine's memory they are read in no time; one by one from this machine they would take a minute.
 */
export function checkoutFiles(root: string, folder: string): readonly CpioEntry[] {
  const files = [
    ...FOLDERS.flatMap((name) => filesBelow(root, name, false)),
    ...productionPackages(readFileSync(join(root, "package-lock.json"), "utf8")).flatMap((name) =>
      filesBelow(root, name, true),
    ),
  ].filter((path) => READ.test(path));
  const all = [...new Set([...FILES, ...files])];
  const folders = new Set(all.flatMap((path) => foldersAbove(`${folder}/${path}`)));
  return [
    ...[...folders].sort().map((path): CpioEntry => ({ kind: "folder", path })),
    ...all.map(
      (path): CpioEntry => ({
        ...{ kind: "file", path: `${folder}/${path}`, data: readFileSync(join(root, path)), executable: false },
      }),
    ),
  ];
}

/** Folders of the packages that are not only for development, by the lock. */
export function productionPackages(lock: string): readonly string[] {
  const { packages } = JSON.parse(lock) as { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> };
  return Object.entries(packages).flatMap(([path, { dev }]) => (path === "" || dev === true ? [] : [path]));
}

/** Paths of the files below a folder, none where it is not there; a package's own packages stand in the lock by themselves. */
function filesBelow(root: string, folder: string, isPackage: boolean): readonly string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(join(root, folder));
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return isPackage && entry.name === "node_modules" ? [] : filesBelow(root, path, isPackage);
    return entry.isFile() ? [path] : [];
  });
}

function list(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path);
  return above === "." ? [] : [...foldersAbove(above), above];
}
