import { Unfit } from "./unfit.js";

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * Milliseconds since the Unix epoch of an instant with its zone, `2026-04-05T20:30:29.000Z` or with an offset. Throws Unfit
 * for anything else, and for a date that does not exist.
 */
export function readInstant(text: string): number {
  const [, date = "", time = "", zone = ""] = ISO.exec(text.trim()) ?? [];
  // 30 February would silently become 2 March.
  const day = Date.parse(`${date}T00:00:00Z`);
  const ms = Date.parse(`${date}T${time}${zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2")}`);
  if (Number.isNaN(day) || Number.isNaN(ms) || !new Date(day).toISOString().startsWith(date))
    throw new Unfit(`${JSON.stringify(text.slice(0, 60))} is no instant`);
  return ms;
}
