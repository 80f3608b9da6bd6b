import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { EOT } from "../shared/astm/control.js";
import type { Begun } from "../shared/astm/dump.js";
import { isHeader } from "../shared/astm/header.js";
import type { AstmLink } from "../shared/astm/link.js";
import { receive } from "../shared/astm/transfer.js";
import { readOpening } from "./codec.js";

/** How long a probe takes at most: it listens, says one EOT, listens, and has time for a header. */
export const PROBE_MS = 5_000;

/** How long the meter is listened for, how often, and how long each frame is waited for (sheet a: 5 s). */
const PATIENCE = {
  full: { tries: 3, listenMs: 5_000, frameMs: 5_000 },
  probe: { tries: 2, listenMs: 1_500, frameMs: 1_000 },
} as const;

/**
 * Waits for the meter to ask for the line, as it does when switched on, and takes its header. Only if it does not
 * ask, EOT reminds it: it ends whatever the meter was in, and starts nothing. Throws METER_TIMEOUT if nothing
 * answers, METER_STALLED, METER_REFUSED, FRAME_CHECKSUM or FRAME_MALFORMED if something does but does not get as
 * far as its header, and METER_UNSUPPORTED if another meter does; a probe only METER_TIMEOUT or FRAME_MALFORMED.
 */
export async function begin(link: AstmLink, context: SessionContext): Promise<Begun> {
  const { patience = "full" } = context;
  if (patience === "full") return await beginWith(link, PATIENCE.full);
  link.endIn(PROBE_MS, () => new Problem("METER_TIMEOUT"));
  try {
    return await beginWith(link, PATIENCE.probe);
  } catch (error) {
    if (isProblem(error, "METER_STALLED", "METER_REFUSED")) throw new Problem("METER_TIMEOUT");
    if (isProblem(error, "METER_UNSUPPORTED", "FRAME_CHECKSUM", "FRAME_TRUNCATED")) {
      throw new Problem("FRAME_MALFORMED", error.message);
    }
    throw error;
  }
}

async function beginWith(
  link: AstmLink,
  { tries, listenMs, frameMs }: { readonly tries: number; readonly listenMs: number; readonly frameMs: number },
): Promise<Begun> {
  let problem = new Problem("METER_TIMEOUT");
  for (let attempt = 0; attempt < tries; attempt += 1) {
    if (attempt > 0) await link.send(EOT);
    const heard = await link.enquiry(listenMs);
    if (heard === "noise") problem = new Problem("FRAME_MALFORMED", "What answers is no meter of this kind.");
    if (heard === "refusal") problem = new Problem("METER_REFUSED", "The meter declines to send.");
    if (heard !== "enquiry") continue;
    const frames = receive(link, frameMs);
    try {
      const first = (await frames.next()).value;
      if (first?.type === "frame" && isHeader(first.frame.text)) return { ...readOpening(first.frame), frames };
      problem = first?.type === "lost" ? first.problem : new Problem("FRAME_MALFORMED", "The meter sends no header.");
    } catch (error) {
      if (!isProblem(error, "METER_STALLED", "METER_REFUSED", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
      problem = error;
    }
    await frames.return();
  }
  throw problem;
}
