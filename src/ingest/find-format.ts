import { asProblem, isProblem, Problem } from "../domain/problem.js";
import type { Driver, FileDriver } from "../kit/driver.js";
import type { FileEntry, FileTransport } from "../kit/transport.js";
import { abortable } from "./events.js";
import { sniff } from "./sniff.js";

/** How much of an entry's beginning a driver is shown, bytes. */
export const HEAD_BYTES = 4_096;
/** How many entries a refusal names. */
const NAMED = 5;

/** Whose file it is: the driver, its entries in the file's order, and entries that were damaged. */
export interface Format {
  readonly driver: FileDriver;
  readonly entries: readonly FileEntry[];
  readonly damaged: readonly { readonly name: string; readonly problem: Problem }[];
}

/**
 * Finds the driver that recognises an entry by its content, and all entries that it recognises. Throws
 * IMPORT_UNKNOWN_FORMAT that says what was seen instead; if nothing is recognised and an entry was damaged, its problem.
 */
export async function findFormat(
  file: FileTransport,
  drivers: readonly Driver[],
  signal: AbortSignal,
): Promise<Format> {
  const candidates = drivers.filter((driver) => driver.transport === "file");
  let driver: FileDriver | null = null;
  const entries: FileEntry[] = [];
  const damaged: { name: string; problem: Problem }[] = [];
  const seen: string[] = [];
  let count = 0;
  for (const entry of await file.entries()) {
    signal.throwIfAborted();
    count += 1;
    let head: Uint8Array;
    try {
      head = await headOf(entry, signal);
    } catch (error) {
      // One damaged picture must not stop the readings beside it.
      if (signal.aborted || !isProblem(error)) throw error;
      damaged.push({ name: entry.name, problem: asProblem(error) });
      continue;
    }
    const found: FileDriver | undefined = (driver === null ? candidates : [driver]).find((one) =>
      one.recognise(entry, head),
    );
    if (found !== undefined) {
      driver = found;
      entries.push(entry);
    } else if (seen.length < NAMED) seen.push(`${entry.name} is ${sniff(head)}`);
  }
  if (driver !== null) return { driver, entries, damaged };
  const [first] = damaged;
  if (first !== undefined) throw first.problem;
  const rest = count > NAMED ? `, and ${count - NAMED} more` : "";
  const detail = count === 0 ? "the archive is empty" : `${seen.join(", ")}${rest}`;
  throw new Problem("IMPORT_UNKNOWN_FORMAT", `${file.name} is no health export that Glucohub knows: ${detail}.`);
}

async function headOf(entry: FileEntry, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of abortable(entry.open(), signal)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= HEAD_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES);
}
