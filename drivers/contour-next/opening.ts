import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { ACK, EOT } from "../shared/astm/control.js";
import type { Begun } from "../shared/astm/dump.js";
import { isHeader } from "../shared/astm/header.js";
import { AstmLink } from "../shared/astm/link.js";
import { receive } from "../shared/astm/transfer.js";
import { reportStream } from "../shared/hid/report-stream.js";
import { readOpening } from "./codec.js";
import { contourReports } from "./reports.js";

/** How long a probe takes at most, and what of it is kept for the wait that is under way when it ends. */
export const PROBE_MS = 5_000;
const PROBE_REST_MS = 200;
/** How long it may take to get a header: another session's dump may have to be taken to its end first. */
const OPENING_MS = 120_000;

/**
 * What is said to begin, in turn, and how long each answer is waited for (sheet a: 5 s). ACK begins a dump on every
 * model (sheet a); EOT (sheet b) is said last, since some models shun it, and it brings back one that fell into another mode.
 */
const PATIENCE = {
  full: { words: [ACK, ACK, ACK, EOT], answerMs: 5_000 },
  probe: { words: [ACK, EOT], answerMs: 2_000 },
} as const;
/** Pause before a meter that declined is asked again. */
const PAUSE_MS = 500;

/** The hub's end of a Contour that speaks in reports. */
export function linkTo(context: SessionContext<HidTransport>): AstmLink {
  return new AstmLink({ ...context, transport: reportStream(context.transport, contourReports()) });
}

/**
 * Begins a dump and takes its header. A dump that another session left in the middle is taken to its end first. Throws
 * METER_TIMEOUT if nothing answers, METER_STALLED, METER_REFUSED, FRAME_CHECKSUM or FRAME_MALFORMED if something does but
 * gets no further than its header, and METER_UNSUPPORTED if another meter does; a probe only METER_TIMEOUT or FRAME_MALFORMED.
 */
export async function begin(link: AstmLink, context: SessionContext<HidTransport>): Promise<Begun> {
  const { patience = "full" } = context;
  if (patience === "full") {
    link.endIn(OPENING_MS, () => new Problem("METER_STALLED", "The meter sends no header."));
    return await beginWith(link, context, PATIENCE.full);
  }
  link.endIn(PROBE_MS - PROBE_REST_MS, () => new Problem("METER_TIMEOUT"));
  try {
    return await beginWith(link, context, PATIENCE.probe);
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
  { clock, signal }: SessionContext<HidTransport>,
  { words, answerMs }: { readonly words: readonly number[]; readonly answerMs: number },
): Promise<Begun> {
  let problem = new Problem("METER_TIMEOUT");
  for (const word of words) {
    await link.flush();
    try {
      if (word === EOT && !(await awakened(link, answerMs))) continue;
      const begun = await headed(link, answerMs);
      if (begun !== null) return begun;
      problem = new Problem("FRAME_MALFORMED", "The meter sends no header.");
    } catch (error) {
      if (!isProblem(error, ...WORTH_ANOTHER_TRY)) throw error;
      // Who said something that is not understood has not just been silent.
      if (problem.code.startsWith("METER_") || error.code !== "METER_STALLED") problem = error;
      if (link.came === 0) problem = new Problem("METER_TIMEOUT");
      if (error.code === "METER_REFUSED") await clock.sleep(PAUSE_MS, signal);
    }
  }
  throw problem;
}

const WORTH_ANOTHER_TRY = [
  "METER_STALLED",
  "METER_REFUSED",
  "FRAME_TRUNCATED",
  "FRAME_MALFORMED",
  "FRAME_CHECKSUM",
] as const;

/** Says EOT and waits until the meter asks for the line: it answers EOT, its header and ENQ in one go (sheet b). */
async function awakened(link: AstmLink, ms: number): Promise<boolean> {
  await link.send(EOT);
  return (await link.enquiry(ms)) === "enquiry";
}

/** Takes the line with ACK; the dump if it begins with a header, else null when what came instead has come to its end. */
async function headed(link: AstmLink, answerMs: number): Promise<Begun | null> {
  const frames = receive(link, answerMs);
  const first = (await frames.next()).value;
  if (first?.type === "frame" && isHeader(first.frame.text)) return { ...readOpening(first.frame), frames };
  if (first?.type === "lost" && first.problem.code !== "FRAME_MALFORMED") {
    // Damage, and not a frame out of turn as another session's dump has it.
    await frames.return();
    throw first.problem;
  }
  for await (const _ of frames);
  return null;
}
