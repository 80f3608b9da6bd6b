import { isProblem, Problem } from "../../../src/domain/problem.js";
import { wallMs } from "../../../src/domain/zone.js";
import { ByteReader } from "../../../src/kit/byte-reader.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { SessionContext, SetClockContext } from "../../../src/kit/driver.js";
import type { ProvenDump } from "./frame.js";
import { askMemory } from "./memory.js";
import { clockOf, settle } from "./tell.js";

/** How long `CMD OK` or `CMD Fail!` is awaited. It may not come at all: sheet a's program does not wait for it. */
const REPLY_MS = 2_000;
/** The word takes minutes only, so the clock may be half a minute off, and as much again while the memory comes. */
const TOLERANCE_MS = 90_000;
/** Two digits of year are of this century (sheet b: 2000 to 2099). */
const CENTURY = /^20[0-9]{2}-/;

/**
 * Sets the clock of a meter whose memory that command asks for, with `$tim,MM,DD,YY,HH,mm` (both sheets), to the nearest
 * minute. Asks who the meter is before, and reads its clock back afterwards: gives what it shows, or null if the answer
 * did not come whole. Throws METER_REFUSED if the meter declines or shows another time afterwards, METER_CHANGED if
 * another meter answers, and what a session throws if it does not say who it is.
 */
export async function setClock(context: SetClockContext, command: string): Promise<string | null> {
  const reader = new ByteReader(context);
  const before = await dumpOf(context, reader, command, false);
  await settle(reader, context.clock);

  const word = clockWord(context.wallNow());
  await context.transport.write(latin1Bytes(`${word}\r\n`), context.signal);
  const reply = await reader.message(replyEnd, REPLY_MS);
  if (reply !== null && latin1(reply).includes("CMD Fail!")) throw new Problem("METER_REFUSED");

  let after: ProvenDump;
  try {
    after = await dumpOf(context, reader, command, true);
  } catch (error) {
    // The word was said: whether it was heard is then unknown, which is no refusal.
    if (isProblem(error, "TRANSPORT_GONE", "TRANSPORT_CANCELED") || !isProblem(error)) throw error;
    context.log.warn({ code: error.code }, "the clock can't be read back");
    return null;
  }
  await settle(reader, context.clock);
  if (after.serial !== before.serial) throw new Problem("METER_CHANGED");
  const shown = clockOf(after);
  if (shown === null || !after.clockProven) return null;
  if (Math.abs(wallMs(shown) - wallMs(context.wallNow())) > TOLERANCE_MS) {
    throw new Problem("METER_REFUSED", `The meter was told the time, but shows ${shown}.`);
  }
  return shown;
}

/** The word that sets the clock to the minute nearest to that wall time. */
function clockWord(wall: string): string {
  const minute = new Date(Math.round(wallMs(wall) / 60_000) * 60_000).toISOString();
  if (!CENTURY.test(minute)) throw new Problem("METER_REFUSED", "The meter knows the years 2000 to 2099 only.");
  const [year, month, day, hour, mm] = [2, 5, 8, 11, 14].map((at) => minute.slice(at, at + 2));
  return `$tim,${month},${day},${year},${hour},${mm}`;
}

async function dumpOf(
  context: SessionContext,
  reader: ByteReader,
  command: string,
  answered: boolean,
): Promise<ProvenDump> {
  const outcome = await askMemory(context, reader, { command, probeUntil: null, answered });
  if (outcome.dump === null) throw outcome.error;
  return outcome.dump;
}

function replyEnd(bytes: Uint8Array): number {
  const match = /CMD (?:OK|Fail!)\r\n/.exec(latin1(bytes));
  return match === null ? 0 : match.index + match[0].length;
}
