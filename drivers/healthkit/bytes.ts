import { Problem } from "../../src/domain/problem.js";
import type { FileEntry } from "../../src/kit/transport.js";
import { type Damage, Truncation } from "./damage.js";

/** The entry's bytes, lent where its transport lends. See `FileEntry.lend` for `proven`. */
export function bytesOf(entry: FileEntry, proven: boolean): AsyncIterable<Uint8Array> {
  return entry.lend?.(proven) ?? entry.open();
}

/**
 * The damage as a problem: IMPORT_TRUNCATED, or IMPORT_MALFORMED with its byte `offset` and its `line` (from 1), for which
 * the entry is read again: counting lines would cost every sound export a tenth of its time.
 */
export async function problemOf(damage: Damage, entry: FileEntry): Promise<Problem> {
  const { message, offset } = damage;
  if (damage instanceof Truncation) {
    return new Problem("IMPORT_TRUNCATED", `the export ends at byte ${offset}, before its end tag`, { offset });
  }
  const line = await lineAt(entry, offset);
  return new Problem("IMPORT_MALFORMED", `${message} (byte ${offset}, line ${line})`, { offset, line });
}

async function lineAt(entry: FileEntry, offset: number): Promise<number> {
  let line = 1;
  let base = 0;
  for await (const bytes of bytesOf(entry, true)) {
    const end = Math.min(bytes.length, offset - base);
    for (let at = bytes.indexOf(10); at !== -1 && at < end; at = bytes.indexOf(10, at + 1)) line++;
    base += bytes.length;
    if (base >= offset) break;
  }
  return line;
}
