import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { ACK, EOT } from "../shared/astm/control.js";
import { type DumpTraits, readTerminator, type Told, tellDump, tellOpening } from "../shared/astm/dump.js";
import type { Frame } from "../shared/astm/frame.js";
import type { AstmHeader } from "../shared/astm/header.js";
import type { AstmLink } from "../shared/astm/link.js";
import { readRecord } from "./codec.js";
import { shunsEot } from "./models.js";
import { begin, linkTo } from "./opening.js";

/** A session's longest time: a memory of 12,000 records, at ten times what a report takes. */
const SESSION_MS = 15 * 60_000;
/** How long an EOT behind the terminator is waited for where it may be missing. */
const FAREWELL_MS = 1_000;
/** Control characters and repetitions that are passed over before it. */
const STRAYS = 8;

/**
 * Takes the meter's header and then its records, each as soon as its frame is proven. Only reads. What `begin` throws;
 * METER_STALLED or FRAME_TRUNCATED if the meter breaks off, also by leaving out its terminator; METER_CHANGED if
 * another meter's header comes; and at the end FRAME_CHECKSUM or FRAME_MALFORMED if a frame stayed damaged.
 */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  const link = linkTo(context);
  const begun = await begin(link, context);
  link.endIn(SESSION_MS, () => new Problem("METER_STALLED", "The meter takes longer than any memory needs."));
  yield* tellOpening(begun);
  yield* tellDump(begun, context.log, dumpTraits(link, begun.header));
}

/** What a record is, and how the dump ends: with EOT (both sheets), but for models that shun it (sheet b). */
export function dumpTraits(link: AstmLink, header: AstmHeader): DumpTraits {
  const judge = (frame: Frame): Told => readRecord(frame, header);
  return shunsEot(header.product) ? { judge, farewell: () => farewell(link) } : { judge };
}

/**
 * Acknowledges the terminator and waits for an EOT that may follow nevertheless; gives what comes instead, but for the
 * terminator itself, which comes again if its ACK was not heard.
 */
async function farewell(link: AstmLink): Promise<Uint8Array | null> {
  await link.send(ACK);
  for (let strays = 0; strays < STRAYS; strays += 1) {
    const piece = await link.next(FAREWELL_MS);
    if (piece === null || (piece.kind === "signal" && piece.byte === EOT)) return null;
    if (piece.kind === "damaged") return piece.raw;
    if (piece.kind === "frame" && readTerminator(piece.frame.text) === null) return piece.frame.raw;
  }
  return null;
}
