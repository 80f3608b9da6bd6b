import { isProblem } from "../../src/domain/problem.js";
import type { ByteReader } from "../../src/kit/byte-reader.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { type Info, readInfo } from "./info.js";

/** The word that asks the meter about itself (sheet b). */
const COMMAND = "$colq";
/** How long an answer is awaited: it takes 70 ms on the line. */
const ANSWER_MS = 1_500;
const PROBE_MS = 750;
/** The answer has no checksum: it is asked for until two in a row are alike, or silence follows twice. */
const ASKINGS = 4;
const SILENCES = 2;

/** What the meter says about itself, twice alike; null if it does not. */
export interface InfoOutcome {
  readonly info: Info | null;
  /** True if an answer came that was understood. */
  readonly answered: boolean;
}

/**
 * Asks the meter about itself. It is also the question that may be lost: the first one after plugging in often is (sheet
 * b). Rejects as the transport does, and with FRAME_MALFORMED at endless chatter.
 */
export async function askInfo(context: SessionContext, reader: ByteReader): Promise<InfoOutcome> {
  const { transport, signal, log, patience } = context;
  let previous: Info | null = null;
  let [silences, answered] = [0, false];
  for (let asked = 0; asked < ASKINGS && silences < SILENCES; asked += 1) {
    reader.skip(reader.waiting.length);
    await transport.write(latin1Bytes(`${COMMAND}\r\n`), signal);
    const bytes = await reader.message(endOf, patience === "probe" ? PROBE_MS : ANSWER_MS);
    if (bytes === null) silences += 1;
    const info = bytes === null ? null : understood(bytes);
    answered ||= info !== null;
    if (info !== null && previous !== null && isAlike(info, previous)) return { info, answered };
    previous = info;
  }
  log.warn({ command: COMMAND }, "the meter does not say which unit it shows");
  return { info: null, answered };
}

/** The clock goes on between two answers, and is taken from the memory's first lines, which have a checksum. */
function isAlike(one: Info, other: Info): boolean {
  return one.serial === other.serial && one.version === other.version && one.displayUnit === other.displayUnit;
}

function understood(bytes: Uint8Array): Info | null {
  try {
    return readInfo(bytes);
  } catch (error) {
    if (isProblem(error, "FRAME_MALFORMED")) return null;
    throw error;
  }
}

function endOf(bytes: Uint8Array): number {
  const match = /CMD (?:OK|Fail!)\r\n/.exec(latin1(bytes));
  return match === null ? 0 : match.index + match[0].length;
}
