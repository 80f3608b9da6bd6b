import { isProblem, Problem } from "../../src/domain/problem.js";
import { wallMs } from "../../src/domain/zone.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { ACK, EOT, NAK } from "../shared/astm/control.js";
import { tellDump } from "../shared/astm/dump.js";
import type { AstmLink } from "../shared/astm/link.js";
import { RemoteMode } from "../shared/astm/remote.js";
import { isLink, shunsEot } from "./models.js";
import { begin, linkTo } from "./opening.js";
import { dumpTraits } from "./session.js";

/** NAK until the meter says EOT, six times (sheet a), and one more for a frame that was under way. */
const REMOTE = { attention: NAK, attentionTries: 7, before: [] } as const;
/** How long a meter that takes EOT has to answer it. */
const STOP_MS = 1_000;
/** How far the clock may be from the wall time when it is read back: it has no seconds, and went on meanwhile. */
const TOLERANCE_MS = 120_000;

/**
 * Sets date and time, to the minute, after a whole dump (sheet a), by which it is known whose clock it is. Gives what the
 * clock shows then; null if the meter does not tell it. Throws METER_REFUSED if the meter declines, as one does whose clock
 * belongs to an insulin pump, or if it shows another time afterwards; and what `begin` throws.
 */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const link = linkTo(context);
  const begun = await begin(link, context);
  const { product } = begun.header;
  for await (const _ of tellDump(begun, context.log, dumpTraits(link, begun.header)));
  if (!shunsEot(product)) {
    await link.send(EOT);
    await link.enquiry(STOP_MS);
  }
  const remote = new RemoteMode(link, REMOTE);
  await remote.enter();
  try {
    await remote.setClock(() => context.wallNow());
  } catch (error) {
    if (!isProblem(error, "METER_REFUSED") || !isLink(product)) throw error;
    throw new Problem("METER_REFUSED", "The meter leaves its clock to the insulin pump: set the pump's.");
  }
  const shown = await readBack(remote, context);
  await leave(link, remote, product);
  return shown;
}

/** The words are those of the serial meters (sheet a); no sheet names them for these, so a meter need not know them. */
async function readBack(remote: RemoteMode, context: SetClockContext<HidTransport>): Promise<string | null> {
  let shown: string;
  try {
    shown = await remote.clock();
  } catch (error) {
    if (!isProblem(error, "METER_REFUSED", "METER_STALLED", "FRAME_MALFORMED")) throw error;
    context.log.warn({ code: error.code }, "the meter took the new time, and does not tell it");
    return null;
  }
  if (Math.abs(wallMs(shown) - wallMs(context.wallNow().slice(0, 19))) > TOLERANCE_MS) {
    throw new Problem("METER_REFUSED", `The meter agreed to the new time, but its clock shows ${shown}.`);
  }
  return shown;
}

/** A model that shuns EOT is left with ACK, as sheet a ends every conversation. */
async function leave(link: AstmLink, remote: RemoteMode, product: string): Promise<void> {
  if (shunsEot(product)) await link.send(ACK);
  else await remote.leave();
}
