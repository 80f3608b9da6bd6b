import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { asProblem, Problem } from "../domain/problem.js";
import type { FileTransport } from "../kit/transport.js";
import type { LendingEntry } from "./lending.js";
import { openZip } from "./zip.js";

/** Local file header, and the end record with which an empty archive begins (PKWARE APPNOTE 4.3.7 and 4.3.16). */
const ZIP_MAGIC = ["504b0304", "504b0506"];
/** Bytes of one read: of memory that is given away, and of memory that is lent and stays. */
const [CHUNK_BYTES, LENT_BYTES] = [1 << 18, 1 << 20];

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
    const head = await readAt(handle, path, 0, Buffer.alloc(4));
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
  /** Fresh memory each time: whoever got the bytes may keep them. */
  async function* open(): AsyncGenerator<Uint8Array, void, void> {
    for (let at = 0; ; ) {
      const bytes = await readAt(handle, path, at, Buffer.allocUnsafe(CHUNK_BYTES));
      if (bytes.length === 0) return;
      at += bytes.length;
      furthest = Math.max(furthest, at);
      yield bytes;
    }
  }
  /** Two pieces of memory in turn: the next one is read while this one is looked at. */
  async function* lend(proven: boolean): AsyncGenerator<Uint8Array, void, void> {
    let [memory, spare] = [Buffer.allocUnsafe(LENT_BYTES), Buffer.allocUnsafe(LENT_BYTES)];
    let next = readAt(handle, path, 0, memory);
    for (let at = 0; ; ) {
      const bytes = await next;
      if (bytes.length === 0) return;
      at += bytes.length;
      if (proven) furthest = Math.max(furthest, at);
      [memory, spare] = [spare, memory];
      next = readAt(handle, path, at, memory);
      // Whoever stops in between never awaits it.
      next.catch(() => undefined);
      yield bytes;
    }
  }
  const head = (bytes: number): Promise<Buffer> => readAt(handle, path, 0, Buffer.alloc(bytes));
  const entry: LendingEntry = { name: basename(path), size: sizeBytes, open, head, lend };
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

/** As many bytes from `at` on as there are, at most the memory's length, in that memory. */
async function readAt(handle: FileHandle, path: string, at: number, memory: Buffer): Promise<Buffer> {
  try {
    const { bytesRead } = await handle.read(memory, 0, memory.length, at);
    return memory.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, asProblem(error).message, error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): Problem {
  return new Problem("FILE_NOT_FOUND", `${basename(path)} can't be read: ${why}`, {}, { cause });
}
