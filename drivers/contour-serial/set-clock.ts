import type { SetClockContext } from "../../src/kit/driver.js";
import { EOT, NAK } from "../shared/astm/control.js";
import { AstmLink } from "../shared/astm/link.js";
import { RemoteMode } from "../shared/astm/remote.js";
import { begin } from "./opening.js";

/** Sheet a: NAK until the meter says EOT; six times (sheet a, Contour Next), and one more since E1381 gives up after six. */
const REMOTE = { attention: NAK, attentionTries: 7, before: [] } as const;
/** How long the meter has to end what it was sending. */
const STOP_MS = 1_000;

/**
 * Sets date and time and reads them back, to the minute: the meter has no seconds. Takes the header first and so knows
 * whose clock it is. Throws METER_REFUSED if the meter declines, and what `begin` throws.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const link = new AstmLink(context);
  const { frames } = await begin(link, context);
  await frames.return();
  await link.send(EOT);
  await link.enquiry(STOP_MS);
  const remote = new RemoteMode(link, REMOTE);
  await remote.enter();
  await remote.setClock(() => context.wallNow());
  const shown = await remote.clock();
  await remote.leave();
  return shown;
}
