import { readFileSync } from "node:fs";

/** Sizes in bytes, by the description of SQLite's file format, section 4 (The Write-Ahead Log). */
const WAL_HEADER = 32;
const FRAME_HEADER = 24;

/**
 * How many transactions a write-ahead log holds: its frames that end one, told by their size of the database (bytes 4
 * to 7 of the frame's header) not being 0. Frames left from before the log was begun anew have other salts (bytes 8 to
 * 15) and do not count. Independent of SQLite's library.
 *
 * @param path the log, `…-wal`
 */
export function walCommits(path: string): number {
  const bytes = readFileSync(path);
  if (bytes.length < WAL_HEADER) return 0;
  const frameSize = FRAME_HEADER + bytes.readUInt32BE(8);
  const salts = bytes.subarray(16, 24);
  let commits = 0;
  for (let at = WAL_HEADER; at + frameSize <= bytes.length; at += frameSize) {
    if (!bytes.subarray(at + 8, at + 16).equals(salts)) break;
    if (bytes.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
