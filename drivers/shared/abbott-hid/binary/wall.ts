/** Years beyond are a lost clock, or no time at all. */
const FIRST = "2000";
const LAST = "2099";

/** What a clock showed that many seconds after 1970 on the scale without zone; null outside of 2000 to 2099. */
export function wallOfSeconds(seconds: number): string | null {
  const ms = seconds * 1_000;
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return null;
  const wall = new Date(ms).toISOString().slice(0, 19);
  return wall.length === 19 && wall >= FIRST && wall.slice(0, 4) <= LAST ? wall : null;
}
