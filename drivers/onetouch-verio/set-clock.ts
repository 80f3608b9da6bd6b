import type { SetClockContext } from "../../src/kit/driver.js";
import type { BlockTransport } from "../../src/kit/transport.js";
import { setMeterClock } from "../shared/lifescan/meter.js";
import { WORDS } from "./codec.js";
import { openDialogue } from "./session.js";

/** Sets the meter's clock and reads it back. Throws METER_REFUSED if the meter declines, and what `session` throws. */
export async function setClock(context: SetClockContext<BlockTransport>): Promise<string | null> {
  return await setMeterClock(await openDialogue(context), WORDS, context);
}
