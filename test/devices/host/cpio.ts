/** One thing in an archive: a folder, a file, or a character device. */
export type CpioEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly data: Uint8Array; readonly executable: boolean }
  | { readonly kind: "device"; readonly path: string; readonly major: number; readonly minor: number };

const TYPES = { folder: 0o040755, file: 0o100644, device: 0o020600 } as const;
const EXECUTABLE = 0o111;

/**
 * An archive in the form that Linux takes as its first file system ("newc", Documentation/driver-api/early-userspace/
 * buffer-format.rst): thirteen numbers of eight hex digits, the name, the content, each filled up to four bytes.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => member(entry, index + 1));
  return Buffer.concat([
    ...parts,
    ...member({ kind: "file", path: "TRAILER!!!", data: NOTHING, executable: false }, 0),
  ]);
}

const NOTHING = new Uint8Array();

function member(entry: CpioEntry, inode: number): Buffer[] {
  const name = Buffer.from(`${entry.path}\0`);
  const data = entry.kind === "file" ? entry.data : NOTHING;
  const mode = inode === 0 ? 0 : TYPES[entry.kind] | (entry.kind === "file" && entry.executable ? EXECUTABLE : 0);
  const [major, minor] = entry.kind === "device" ? [entry.major, entry.minor] : [0, 0];
  const numbers = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`;
  return [filled(Buffer.concat([Buffer.from(header), name])), filled(Buffer.from(data))];
}

function filled(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
