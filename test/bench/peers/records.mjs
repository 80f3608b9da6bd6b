import { readFileSync } from "node:fs";

/** How many records a peer takes in, and sends, at once: as many as ours. */
export const BATCH = 1_000;

/**
 * The records of the benchmarks, as our own are: a JSON object a line.
 *
 * @param {string} file
 * @returns {{ id: string, kind: string, fields: Record<string, unknown> }[]}
 */
export function readRecords(file) {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/**
 * The list in pieces of at most that many.
 *
 * @template T
 * @param {readonly T[]} list
 * @param {number} size
 * @returns {T[][]}
 */
export function piecesOf(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}

/**
 * Sends changes to the bare server, which answers when they are durable there.
 *
 * @param {string} url
 * @param {readonly { id: string, kind: string, deleted: boolean, fields: unknown }[]} changes
 */
export async function post(url, changes) {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify({ changes }) });
  const text = await answer.text();
  if (text !== '{"ok":true}') throw new Error(`the bare server answered ${answer.status} ${text}`);
}

/**
 * How long that took, in milliseconds.
 *
 * @param {() => Promise<void>} work
 */
export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Runs a peer as a program: `node PEER.mjs RECORDS FOLDER URL` prints one line, what it measured as JSON.
 *
 * @param {(job: { records: ReturnType<typeof readRecords>, folder: string, url: string }) => Promise<{ insertMs: number, pushMs: number, pushed: number }>} measure
 */
export async function runPeer(measure) {
  const [file, folder, url] = process.argv.slice(2);
  if (file === undefined || folder === undefined || url === undefined)
    throw new Error("Usage: PEER RECORDS FOLDER URL");
  const measured = await measure({ records: readRecords(file), folder, url });
  process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit());
}
