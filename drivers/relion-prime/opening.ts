import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceIdentity } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { ACK, EOT } from "../shared/astm/control.js";
import type { AstmLink } from "../shared/astm/link.js";
import { RemoteMode } from "../shared/astm/remote.js";
import { receive } from "../shared/astm/transfer.js";
import { readIdentity } from "./codec.js";

/** How long a probe takes at most. */
export const PROBE_MS = 3_000;

/**
 * The byte by which the meter is interrupted, how often, and what is said first after it fell out of the mode:
 * sheet a.
 */
const REMOTE = { attention: 0x92, attentionTries: 3, before: [ACK, ACK] } as const;
/** How long the meter may ask for the line before ACK is said anyhow. */
const ENQUIRY_MS = 500;
/** Tries, and how long the header is waited for (sheet a: 5 s). */
const PATIENCE = {
  full: { tries: 3, frameMs: 5_000 },
  probe: { tries: 1, frameMs: 2_000 },
} as const;

/**
 * Wakes the meter with EOT, takes its header with ACK, and says who it is. Throws METER_TIMEOUT if nothing answers,
 * METER_STALLED, METER_REFUSED, FRAME_CHECKSUM or FRAME_MALFORMED if something does but gives no header,
 * METER_UNSUPPORTED if another meter does; a probe only METER_TIMEOUT or FRAME_MALFORMED.
 */
export async function greet(link: AstmLink, { patience = "full" }: SessionContext): Promise<SourceIdentity> {
  if (patience === "full") return await greetWith(link, PATIENCE.full);
  link.endIn(PROBE_MS, () => new Problem("METER_TIMEOUT"));
  try {
    return await greetWith(link, PATIENCE.probe);
  } catch (error) {
    if (isProblem(error, "METER_STALLED", "METER_REFUSED")) throw new Problem("METER_TIMEOUT");
    if (isProblem(error, "METER_UNSUPPORTED", "FRAME_CHECKSUM", "FRAME_TRUNCATED")) {
      throw new Problem("FRAME_MALFORMED", error.message);
    }
    throw error;
  }
}

/** Brings a meter that was greeted into remote command mode. */
export async function command(link: AstmLink): Promise<RemoteMode> {
  const remote = new RemoteMode(link, REMOTE);
  await remote.enter();
  return remote;
}

async function greetWith(
  link: AstmLink,
  { tries, frameMs }: { readonly tries: number; readonly frameMs: number },
): Promise<SourceIdentity> {
  let problem = new Problem("METER_TIMEOUT");
  for (let attempt = 0; attempt < tries; attempt += 1) {
    await link.send(EOT);
    const heard = await link.enquiry(ENQUIRY_MS);
    const frames = receive(link, frameMs);
    try {
      const first = (await frames.next()).value;
      if (first?.type === "frame") return readIdentity(first.frame.text);
      problem = first?.type === "lost" ? first.problem : new Problem("METER_STALLED", "The meter sends no header.");
    } catch (error) {
      if (!isProblem(error, "METER_STALLED", "METER_REFUSED", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
      problem = error;
      if (link.came === 0) problem = new Problem("METER_TIMEOUT");
      else if (heard === "noise") problem = new Problem("FRAME_MALFORMED", "What answers is no meter of this kind.");
    } finally {
      await frames.return();
    }
  }
  throw problem;
}
