import type { SetClockContext } from "../../src/kit/driver.js";
import { AstmLink } from "../shared/astm/link.js";
import { command, greet } from "./opening.js";

/**
 * Sets date and time and reads them back, to the minute: the meter has no seconds. Takes the header first and so knows
 * whose clock it is. Throws METER_REFUSED if the meter declines, and what `greet` throws.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const link = new AstmLink(context);
  await greet(link, context);
  const remote = await command(link);
  await remote.setClock(() => context.wallNow());
  return await remote.clock();
}
