import { isWall } from "../../src/domain/written-time.js";
import { wallMs } from "../../src/domain/zone.js";
import { Unfit } from "../shared/export/unfit.js";

/** `2024-09-12 07:00:00 +0200`, and with AM or PM behind the time, any blank before it (list of formats, section 4). */
const PRINTED = /^(\d{4}-\d\d-\d\d) (\d{1,2}):(\d\d):(\d\d)(?: ?([AaPp])\.?[Mm]\.?)? ([+-])(\d\d):?(\d\d)$/;

/**
 * Milliseconds since the Unix epoch of a date as the app prints it. The offset is the phone's when it printed, and says
 * nothing about where and when the sample was taken. Throws Unfit for anything else.
 */
export function readDate(text: string): number {
  const [, day = "", hour = "", minute = "", second = "", half, sign, hours, minutes] =
    PRINTED.exec(text.replace(/\s+/g, " ").trim()) ?? [];
  const wall = `${day}T${hourOf(Number(hour), half)}:${minute}:${second}`;
  const offset = Number(hours) * 60 + Number(minutes);
  if (!isWall(wall) || !(offset <= 15 * 60) || Number(minutes) > 59)
    throw new Unfit(`its date ${JSON.stringify(text.slice(0, 60))} is none that is known`);
  return wallMs(wall) - (sign === "-" ? -1 : 1) * offset * 60_000;
}

function hourOf(hour: number, half: string | undefined): string {
  const none = half !== undefined && (hour < 1 || hour > 12);
  const full = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  return none ? "99" : String(full).padStart(2, "0");
}
