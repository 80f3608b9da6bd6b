import type { SetClockContext } from "../../src/kit/driver.js";
import type { BleTransport } from "../../src/kit/transport.js";
import { setMeterClock } from "../shared/lifescan/meter.js";
import { setClockQuestion, WORDS } from "./codec.js";
import { openDialogue } from "./session.js";

/**
 * Sets the meter's clock and, after a second in which it is left alone, reads it back. Throws METER_REFUSED if the meter
 * declines, METER_UNPAIRED, and what `session` throws.
 */
export async function setClock(context: SetClockContext<BleTransport>): Promise<string | null> {
  return await setMeterClock(await openDialogue(context), { ...WORDS, setClock: setClockQuestion }, context);
}
