import { constants } from "node:fs";
import { type FileHandle, open, readFile, realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Problem } from "../domain/problem.js";
import { wordsOf } from "./bounded.js";
import { permissionSentence } from "./udev-sentence.js";

/** What the transport needs of an open file. */
export type BlockFile = Pick<FileHandle, "read" | "write" | "close">;

/** Opens a file for the transport; for tests that need one that hangs or fails. */
export type OpenBlockFile = (path: string, flags: number) => Promise<BlockFile & Pick<FileHandle, "stat">>;

/** The node at a path, links followed. */
export interface FoundNode {
  readonly path: string;
  readonly name: string;
  readonly rdev: bigint;
}

/** The system's own way to open a file. */
export const openBlockFile: OpenBlockFile = open;

/**
 * How a disk is opened: past the system's cache, which would give a meter's last answer again, and not together with
 * anybody else, which is also refused while it is mounted. Only a disk that may be written to is opened for writing.
 */
export function blockFlags(writable: boolean): number {
  return (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_EXCL | constants.O_DIRECT;
}

/** Finds the block device at the path. Throws TRANSPORT_OPEN if there is none. */
export async function findBlockNode(path: string): Promise<FoundNode> {
  try {
    const real = await realpath(path);
    const node = await stat(real, { bigint: true });
    if (node.isBlockDevice()) return { path: real, name: basename(real), rdev: node.rdev };
  } catch (error) {
    throw await blockOpenProblem(path, error, "/proc/self/mounts");
  }
  throw new Problem("TRANSPORT_OPEN", `${path} is no disk`, { path, reason: "no-disk" });
}

/** A failure to open in words that say what to do. */
export async function blockOpenProblem(path: string, error: unknown, mountsFile: string): Promise<Problem> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const said = wordsOf(error);
  const problem = (reason: string, message: string): Problem =>
    new Problem("TRANSPORT_OPEN", message, { path, reason, said }, { cause: error });
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ENXIO":
    case "ENODEV":
    case "ENOMEDIUM":
      return problem("missing", `${path} is not there: is the meter plugged in?`);
    case "EACCES":
    case "EPERM":
      return problem("permission", permissionSentence(path));
    case "EBUSY":
      return problem("busy", await busySentence(path, mountsFile));
    default:
      return problem("other", `${path} could not be opened: ${said}`);
  }
}

/** Says where the disk or a part of it is mounted, if it is. */
async function busySentence(path: string, mountsFile: string): Promise<string> {
  const mounts = await readFile(mountsFile, "utf8").catch(() => "");
  for (const line of mounts.split("\n")) {
    const [source = "", folder = ""] = line.split(" ");
    if (!source.startsWith(path) || !/^(p?\d+)?$/.test(source.slice(path.length))) continue;
    return (
      `${source} is mounted on ${folder}: unmount it with \`udisksctl unmount -b ${source}\` (do not eject it), ` +
      "and copy config/70-glucohub.rules to /etc/udev/rules.d/ so that meters are not mounted again"
    );
  }
  return `another program uses ${path}; close it, and if the disk is mounted, unmount it without ejecting it`;
}
