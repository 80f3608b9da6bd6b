import type { SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { setClock as setAbbottClock } from "../shared/abbott-hid/set-clock.js";
import { dialogueOf } from "./session.js";

/** Sets the clock and reads it back. See the shared `setClock`, and what a session throws if the meter does not say who it is. */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const dialogue = dialogueOf(context);
  await dialogue.open();
  return await setAbbottClock(dialogue, () => context.wallNow());
}
