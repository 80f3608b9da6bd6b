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

/** Of entries that are larger, bytes, only the head is unpacked unless a driver recognises it. */
const LOOKED_AT_WHOLE = 1 << 20;

/**
 * Finds the driver that recognises an entry by its content, and all entries that it recognises. Throws
 * IMPORT_UNKNOWN_FORMAT that says what was seen instead; if nothing is recognised and an entry was damaged, its problem.
 *
 * What is recognised is proven whole. Of a large entry that is not, damage behind its head is found only if nothing else
 * is recognised: an Apple Health archive holds hundreds of megabytes beside its export that nobody reads.
 */
export async function findFormat(
  file: FileTransport,
  drivers: readonly Driver[],
  signal: AbortSignal,
): Promise<Format> {
  const candidates = drivers.filter((driver) => driver.transport === "file");
  const all = await file.entries();
  let found = await look(all, candidates, signal, false);
  if (found.driver === null && found.unproven) found = await look(all, candidates, signal, true);
  const { driver, entries, damaged, seen } = found;
  if (driver !== null) return { driver, entries, damaged };
  const [first] = damaged;
  if (first !== undefined) throw first.problem;
  const rest = all.length > NAMED ? `, and ${all.length - NAMED} more` : "";
  const detail = all.length === 0 ? "the archive is empty" : `${seen.join(", ")}${rest}`;
  throw new Problem("IMPORT_UNKNOWN_FORMAT", `${file.name} is no health export that Glucohub knows: ${detail}.`);
}

/** What was found among a file's entries. */
interface Found {
  readonly driver: FileDriver | null;
  readonly entries: readonly FileEntry[];
  readonly damaged: Format["damaged"];
  /** What the first few others are, for people. */
  readonly seen: readonly string[];
  /** True if only the head was looked at of any of the others. */
  readonly unproven: boolean;
}

async function look(
  all: readonly FileEntry[],
  candidates: readonly FileDriver[],
  signal: AbortSignal,
  whole: boolean,
): Promise<Found> {
  let driver: FileDriver | null = null;
  let unproven = false;
  const entries: FileEntry[] = [];
  const damaged: { name: string; problem: Problem }[] = [];
  const seen: string[] = [];
  for (const entry of all) {
    signal.throwIfAborted();
    const wanted: readonly FileDriver[] = driver === null ? candidates : [driver];
    const recognised = (head: Uint8Array): FileDriver | undefined => wanted.find((one) => one.recognise(entry, head));
    let head: Uint8Array;
    let found: FileDriver | undefined;
    let proven = true;
    try {
      if (whole || entry.head === undefined || (entry.size ?? Number.POSITIVE_INFINITY) <= LOOKED_AT_WHOLE)
        head = await headOf(entry, signal);
      else {
        head = await entry.head(HEAD_BYTES);
        proven = recognised(head) !== undefined;
        if (proven) head = await headOf(entry, signal);
      }
      found = recognised(head);
    } catch (error) {
      // One damaged picture must not stop the readings beside it.
      if (signal.aborted || !isProblem(error)) throw error;
      damaged.push({ name: entry.name, problem: asProblem(error) });
      continue;
    }
    if (found !== undefined) {
      driver = found;
      entries.push(entry);
      continue;
    }
    if (!proven) unproven = true;
    if (seen.length < NAMED) seen.push(`${entry.name} is ${sniff(head)}`);
  }
  return { driver, entries, damaged, seen, unproven };
}

/** The entry's first bytes, after the checksum of the whole entry has proven them. */
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
