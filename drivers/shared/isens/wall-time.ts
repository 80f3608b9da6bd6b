import { Problem } from "../../../src/domain/problem.js";

/** A date and time as these meters pack them: two digits of year, no zone. */
export interface WallParts {
  /** Years since 2000. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The parts as `2015-03-21T16:45:24`. Throws FRAME_MALFORMED for a moment that does not exist. */
export function wallTime(parts: WallParts): string {
  const { year, month, day, hour, minute, second } = parts;
  demand(year >= 0 && year <= 99, "year");
  demand(month >= 1 && month <= 12, "month");
  demand(day >= 1 && day <= new Date(Date.UTC(2000 + year, month, 0)).getUTCDate(), "day");
  demand(hour >= 0 && hour <= 23, "hour");
  demand(minute >= 0 && minute <= 59, "minute");
  demand(second >= 0 && second <= 59, "second");
  return `20${two(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** The parts of `2015-03-21T16:45:24`. Throws FRAME_MALFORMED for anything that these meters can't hold. */
export function wallParts(wall: string): WallParts {
  const found = /^20(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(wall);
  if (found === null) throw new Problem("FRAME_MALFORMED", `This meter's clock can't show ${wall}.`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  const parts = { year, month, day, hour, minute, second };
  wallTime(parts);
  return parts;
}

function demand(holds: boolean, part: string): void {
  if (!holds) throw new Problem("FRAME_MALFORMED", `A date does not exist: its ${part} is out of range.`, { part });
}

function two(part: number): string {
  return String(part).padStart(2, "0");
}
