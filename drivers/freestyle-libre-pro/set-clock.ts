import { isProblem, Problem } from "../../src/domain/problem.js";
import { wallMs } from "../../src/domain/zone.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { orderTime } from "../shared/abbott-hid/binary/ask.js";
import { BinaryLink } from "../shared/abbott-hid/binary/link.js";
import { CLOCK } from "../shared/abbott-hid/binary/text-questions.js";
import { isGivenUp } from "../shared/abbott-hid/dialogue.js";
import { dialogueOf } from "./session.js";

/** The word takes seconds; answering and asking take some. */
const TOLERANCE_MS = 10_000;

/**
 * Sets the clock in the binary protocol and reads it back in text; null if it can't be read back. Throws METER_REFUSED if the
 * reader declines or shows another time afterwards, and what a session throws if it does not say who it is.
 */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const dialogue = dialogueOf(context);
  await dialogue.open();
  const link = new BinaryLink(context);
  await link.open();
  try {
    await orderTime(link, context.wallNow());
  } catch (error) {
    // An answer that is lost is no refusal: what the clock shows then tells.
    if (!isProblem(error, "METER_STALLED", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
  }
  const outcome = await dialogue.tryAsk(CLOCK);
  if (isGivenUp(outcome)) {
    if (outcome.fatal !== null) throw outcome.fatal;
    return null;
  }
  const { deviceTime } = outcome.value;
  if (deviceTime !== null && Math.abs(wallMs(deviceTime) - wallMs(context.wallNow())) <= TOLERANCE_MS)
    return deviceTime;
  throw new Problem("METER_REFUSED", "The reader was told the time, but shows another one.");
}
