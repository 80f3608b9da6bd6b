import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { asProblem, Problem } from "../domain/problem.js";
import type { FileEntry, FileTransport } from "../kit/transport.js";
import { openZip } from "./zip.js";

/** Local file header, and the end record with which an empty archive begins (PKWARE APPNOTE 4.3.7 and 4.3.16). */
const ZIP_MAGIC = ["504b0304", "504b0506"];
const CHUNK_BYTES = 1 << 18;

/**
 * Opens a dropped file. Whether it is an archive is decided by its first bytes, never by its name. Whoever opens it
 * closes it.
 *
 * Throws FILE_NOT_FOUND if it does not exist, can't be read or is no regular file, and IMPORT_NOT_A_ZIP if it is a
 * damaged archive or is named `.zip` and is none.
 */
export async function openFile(path: string): Promise<FileTransport> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw unreadable(path, asProblem(error).message, error);
  });
  let kept = false;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw unreadable(path, stat.isDirectory() ? "it is a directory" : "it is no regular file");
    const head = await readAt(handle, path, 0, 4);
    if (ZIP_MAGIC.includes(head.toString("hex"))) return await openZip(path, stat.size);
    if (path.toLowerCase().endsWith(".zip")) {
      throw new Problem("IMPORT_NOT_A_ZIP", `${basename(path)} is named like an archive, but it is none`);
    }
    kept = true;
    return plain(handle, path, stat.size);
  } finally {
    if (!kept) await handle.close();
  }
}

function plain(handle: FileHandle, path: string, sizeBytes: number): FileTransport {
  let furthest = 0;
  let closed = false;
  const entry: FileEntry = {
    name: basename(path),
    size: sizeBytes,
    async *open() {
      for (let at = 0; ; ) {
        const bytes = await readAt(handle, path, at, CHUNK_BYTES);
        if (bytes.length === 0) return;
        at += bytes.length;
        furthest = Math.max(furthest, at);
        yield bytes;
      }
    },
  };
  return {
    kind: "file",
    name: basename(path),
    sizeBytes,
    archive: false,
    entries: async () => [entry],
    position: () => furthest,
    async close() {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}

/** Fresh memory each time: whoever got the bytes may keep them. */
async function readAt(handle: FileHandle, path: string, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  try {
    const { bytesRead } = await handle.read(bytes, 0, length, at);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, asProblem(error).message, error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): Problem {
  return new Problem("FILE_NOT_FOUND", `${basename(path)} can't be read: ${why}`, {}, { cause });
}
