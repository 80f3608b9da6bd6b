import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** How long the vendor of an INQUIRY is, bytes; shorter ones are padded with spaces. */
const VENDOR_LENGTH = 8;

/** A block device as the system shows it. */
export interface BlockNode {
  /** The kernel's name: `sdb`. */
  readonly name: string;
  /** The node's device number, `st_rdev`. */
  readonly rdev: bigint;
}

/**
 * Why the device may not be written to, as the end of a sentence; null if it is proven to be the vendor's. The kernel
 * keeps the vendor of the disk's INQUIRY in `/sys/block/<name>/device/vendor`, and the number of the disk to which that
 * belongs in `/sys/block/<name>/dev`: it must be the number of the node that is open. Whatever is missing proves nothing.
 */
export async function whyNotWritable(sysDir: string, node: BlockNode, vendor: string): Promise<string | null> {
  if (vendor.trim() === "" || vendor.length > VENDOR_LENGTH) return `"${vendor}" is no vendor that a disk can name`;
  // Also keeps a name from leading out of the folder.
  if (!/^[\w-]+$/.test(node.name)) return `${node.name} is no disk's name`;
  const folder = join(sysDir, "block", node.name);
  const [number, named, partition] = await Promise.all([
    text(join(folder, "dev")),
    text(join(folder, "device/vendor")),
    text(join(folder, "partition")),
  ]);
  if (number === null) return `the system does not list ${node.name} as a disk`;
  if (number !== deviceNumber(node.rdev)) {
    return `the system's disk ${node.name} has the number ${number}, what is open has ${deviceNumber(node.rdev)}`;
  }
  if (partition !== null) return `${node.name} is a part of a disk`;
  if (named === null) return `the system does not know the vendor of ${node.name}`;
  if (named.replace(/ +$/, "") !== vendor) return `the vendor of ${node.name} is "${named}" and not "${vendor}"`;
  return null;
}

/** A device number as the kernel writes it, `8:16`; split as Linux packs the two into `dev_t`. */
export function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** The file's one line, without its end; null if it can't be read. */
async function text(file: string): Promise<string | null> {
  try {
    return (await readFile(file, "latin1")).replace(/\n$/, "");
  } catch {
    return null;
  }
}
