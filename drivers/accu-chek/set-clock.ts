import { Problem } from "../../src/domain/problem.js";
import { wallMs } from "../../src/domain/zone.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import { absoluteTimeBytes } from "../shared/ieee11073/absolute-time.js";
import { Manager } from "../shared/ieee11073/manager.js";
import { MderReader } from "../shared/ieee11073/mder.js";
import { ACTION, DEVICE_HANDLE } from "../shared/ieee11073/nomenclature.js";
import { askDevice } from "../shared/ieee11073/proven.js";
import { setTimeRequest } from "../shared/ieee11073/requests.js";
import { openMeter } from "./opening.js";

/** How far the clock may be from what it was set to when it is read back: some meters keep whole minutes. */
const TOLERANCE_MS = 60_000;

/**
 * Asks who the meter is, sets its clock, and reads it back. Throws METER_REFUSED if the meter says that its clock can't be
 * set, declines, or shows another time afterwards, and what `openMeter` throws.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const manager = new Manager(context);
  try {
    const { facts, identity } = await openMeter(manager, context);
    if (facts.clockSettable === false) {
      throw new Problem("METER_REFUSED", "This meter's clock can only be set by its buttons.");
    }
    await manager.ask(
      setTimeRequest(() => absoluteTimeBytes(context.wallNow())),
      readAgreement,
    );
    const after = await askDevice(manager, context.clock);
    if (after.serial !== identity.serial) throw new Problem("METER_CHANGED");
    if (after.clock !== null && !isNear(after.clock, context.wallNow())) {
      throw new Problem("METER_REFUSED", `The meter agreed to the new time, but its clock shows ${after.clock}.`);
    }
    await manager.release();
    return after.clock;
  } finally {
    await manager.abort();
  }
}

/** The answer to the new time names what was asked, and nothing else. */
function readAgreement(body: Uint8Array): void {
  const reader = new MderReader(body, "The answer to the new time");
  if (reader.u16() !== DEVICE_HANDLE || reader.u16() !== ACTION.setTime) {
    throw new Problem("FRAME_MALFORMED", "An answer is not the one to the new time.");
  }
  reader.octets();
  reader.end();
}

function isNear(shown: string, wanted: string): boolean {
  return Math.abs(wallMs(shown) - wallMs(wanted.slice(0, 19))) <= TOLERANCE_MS;
}
