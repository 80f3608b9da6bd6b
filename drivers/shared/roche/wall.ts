import { isWall } from "../../../src/domain/written-time.js";
import { Unfit } from "./unfit.js";

/** The wall-clock time of a report's date and time. Throws Unfit for a date that does not exist. */
export function wallOf(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  time: string,
): string {
  const wall = `${year}-${month}-${day}T${time.length === 5 ? `${time}:00` : time}`;
  // No meter of this maker that writes reports is older than that.
  if (!isWall(wall) || wall < "1990" || wall >= "2100") throw new Unfit(`${wall} is no date that a meter shows`);
  return wall;
}
