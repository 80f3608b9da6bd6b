import { hex } from "../kit/bytes.js";

/** How much of a long line is shown as a rule, bytes. */
export const SHOWN_BYTES = 48;

/**
 * A line for people, as it stands in a transcript; of one that is longer than `shownBytes` only so much, from the first
 * byte that differs on.
 */
export function describeLine(
  sign: string,
  channel: string | null,
  bytes: Uint8Array,
  from = 0,
  shownBytes = SHOWN_BYTES,
): string {
  const start = bytes.length > shownBytes ? from : 0;
  const shown = hex(bytes.subarray(start, start + shownBytes));
  const cut = start > 0 || bytes.length > shownBytes ? ` (from byte ${start} of ${bytes.length})` : "";
  return `${sign}${channel === null ? "" : `[${channel}]`} ${shown}${cut}`;
}
