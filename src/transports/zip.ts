import { basename } from "node:path";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { Problem } from "../domain/problem.js";
import type { FileTransport } from "../kit/transport.js";
import type { LendingEntry } from "./lending.js";
import { headOf, inflated, verify, type ZipPart } from "./zip-entry.js";
import { zipProblem } from "./zip-problem.js";

/** An archive with more entries than this is refused. A phone's export holds some thousand at most (routes, ECGs). */
export const MAX_ENTRIES = 10_000;

/**
 * Opens a zip archive and lists its files. Directories, symbolic links, and entries that are encrypted or packed in
 * another way than deflate are left out; archives inside it are not opened. Names are for messages only.
 *
 * Throws IMPORT_NOT_A_ZIP if its directory is damaged, names leave the archive, entries overlap, are too many, or if
 * nothing but unreadable entries is in it; FILE_NOT_FOUND if the file can't be read.
 */
export async function openZip(path: string, sizeBytes: number): Promise<FileTransport> {
  const zip = await openPromise(path, { autoClose: false, decodeStrings: true, validateEntrySizes: true }).catch(
    (error: unknown) => {
      throw zipProblem(error, path);
    },
  );
  try {
    return transport(zip, path, sizeBytes, await list(zip, path));
  } catch (error) {
    zip.close();
    throw zipProblem(error, path);
  }
}

function transport(zip: ZipFile, path: string, sizeBytes: number, found: readonly Entry[]): FileTransport {
  const read = new Map<Entry, number>();
  const verified = new Set<Entry>();
  const entries = found.map((entry): LendingEntry => {
    const part: ZipPart = { zip, entry, path };
    const advance = (bytes: number): void => void read.set(entry, Math.max(bytes, read.get(entry) ?? 0));
    async function* proven(): AsyncGenerator<Uint8Array, void, void> {
      // A flipped bit can turn one digit into another long before the checksum at the end tells: nothing is given
      // out until the whole entry has been checked once.
      if (!verified.has(entry)) await verify(part);
      verified.add(entry);
      yield* inflated(part, advance);
    }
    async function* open(): AsyncGenerator<Uint8Array, void, void> {
      for await (const chunk of proven()) yield new Uint8Array(chunk);
    }
    async function* unproven(): AsyncGenerator<Uint8Array, void, void> {
      yield* inflated(part, () => undefined);
      verified.add(entry);
    }
    return {
      name: entry.fileName,
      size: entry.uncompressedSize,
      open,
      head: (bytes) => headOf(part, bytes),
      lend: (whole) => (whole ? proven() : unproven()),
    };
  });
  return {
    kind: "file",
    name: basename(path),
    sizeBytes,
    archive: true,
    entries: async () => entries,
    position: () => [...read.values()].reduce((sum, bytes) => sum + bytes, 0),
    close: async () => zip.close(),
  };
}

async function list(zip: ZipFile, path: string): Promise<Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new Problem(
      "IMPORT_NOT_A_ZIP",
      `${basename(path)} holds ${zip.entryCount} entries; ${MAX_ENTRIES} is the limit`,
    );
  }
  const all: Entry[] = [];
  for await (const entry of zip.eachEntry()) all.push(entry);
  refuseOverlap(all, path);
  const files = all.filter((entry) => !entry.fileName.endsWith("/") && !isSymlink(entry));
  const readable = files.filter((entry) => entry.canDecodeFileData());
  if (readable.length === 0 && files.length > 0) {
    const why = files.some((entry) => entry.isEncrypted())
      ? "is protected by a password"
      : "is packed in an unusual way";
    throw new Problem("IMPORT_NOT_A_ZIP", `${basename(path)} ${why}`);
  }
  return readable;
}

/** Entries that share bytes are how a small archive pretends to be an endless one. */
function refuseOverlap(entries: readonly Entry[], path: string): void {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let end = 0;
  for (const entry of sorted) {
    if (entry.relativeOffsetOfLocalHeader < end) {
      throw new Problem("IMPORT_NOT_A_ZIP", `${basename(path)} has entries that overlap`);
    }
    // A local header has 30 bytes and the name (APPNOTE 4.3.7).
    end = entry.relativeOffsetOfLocalHeader + 30 + entry.fileNameLength + entry.compressedSize;
  }
}

/** Unix mode in the upper half of the external attributes; S_IFLNK is 0120000. */
function isSymlink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}
