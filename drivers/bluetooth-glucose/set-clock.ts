import { isProblem, Problem } from "../../src/domain/problem.js";
import { wallMs } from "../../src/domain/zone.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import type { BleTransport } from "../../src/kit/transport.js";
import { currentTimeBytes, dateTimeBytes } from "../shared/gatt/date-time.js";
import { CURRENT_TIME, findCharacteristic, sameName } from "../shared/gatt/names.js";
import type { Notices } from "../shared/gatt/notices.js";
import { type ClockWay, clockWay, ownClockWords, readClock } from "./clock.js";
import { openMeter } from "./meter.js";

/** How far the clock may be from what it was set to when it is read back: some meters keep whole minutes. */
const TOLERANCE_MS = 60_000;
/** After the words of i-SENS, whose confirmation is slow or missing (both sheets). */
const OWN_PAUSE_MS = 1_000;
/** i-SENS: one program always writes it twice (sheet b); here it is only done where once was not enough. */
const OWN_TIMES = 2;

/**
 * Asks who the meter is, sets its clock in the way that it has, and reads it back; null if it can't be read back. Throws
 * METER_REFUSED if the meter has no way, declines, or shows another time afterwards, and what `openMeter` throws.
 */
export async function setClock(context: SetClockContext<BleTransport>): Promise<string | null> {
  const { row, notices } = await openMeter(context);
  const way = clockWay(context.transport, row);
  if (way === null || findCharacteristic(context.transport, way.name, "write") === null) {
    throw new Problem("METER_REFUSED", "This meter's clock can only be set by its buttons.");
  }
  for (let left = way.kind === "own" ? OWN_TIMES : 1; ; left -= 1) {
    await write(way, context, notices);
    const { deviceTime } = await readClock(way, context, notices);
    if (deviceTime === null || isNear(deviceTime, context.wallNow())) return deviceTime;
    if (left === 1) {
      throw new Problem("METER_REFUSED", `The meter took the new time, but its clock shows ${deviceTime}.`);
    }
  }
}

async function write(way: ClockWay, context: SetClockContext<BleTransport>, notices: Notices): Promise<void> {
  const { transport, clock, signal } = context;
  const { name } = way;
  try {
    if (way.kind === "own") {
      await transport.subscribe(name, signal);
      await transport.write(name, ownClockWords(dateTimeBytes(context.wallNow())), signal);
    } else {
      const toBytes = sameName(name, CURRENT_TIME) ? currentTimeBytes : dateTimeBytes;
      await transport.write(name, toBytes(context.wallNow()), signal);
    }
  } catch (error) {
    if (!isProblem(error, "GATT_REFUSED")) throw error;
    throw new Problem("METER_REFUSED", "The meter declines the new time.", error.context, { cause: error });
  }
  if (way.kind !== "own") return;
  // A confirmation, should one come, must not be taken for the answer to what the clock shows.
  const until = clock.now() + OWN_PAUSE_MS;
  for (let left = OWN_PAUSE_MS; left > 0; left = until - clock.now()) {
    if ((await notices.next(left)) === null) return;
  }
}

function isNear(shown: string, wanted: string): boolean {
  return Math.abs(wallMs(shown) - wallMs(wanted.slice(0, 19))) <= TOLERANCE_MS;
}
