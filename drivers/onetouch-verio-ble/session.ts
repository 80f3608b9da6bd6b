import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { BleDriver, SessionContext } from "../../src/kit/driver.js";
import type { BleTransport } from "../../src/kit/transport.js";
import { readDeviceInformation } from "../shared/gatt/device-information.js";
import { findCharacteristic } from "../shared/gatt/names.js";
import { Dialogue } from "../shared/lifescan/dialogue.js";
import { readClock } from "../shared/lifescan/meter.js";
import { Patience } from "../shared/lifescan/patience.js";
import { cursorIn, WORDS } from "./codec.js";
import { ANSWERS, REQUESTS, VerioLink } from "./link.js";
import { readMemory } from "./memory.js";

/** One question and its answer. Nobody else is asked over this link: it is the meter's own. */
export const PROBE: BleDriver["probe"] = { rank: 10, withinMs: 5_000 };
/** The maker's name as this meter's Device Information begins (sheet b), and as all meters of the family are told. */
const MAKER = "LifeScan";

/**
 * Reads who the meter says it is, greets it, asks for its clock, then for its records, newest first; with a cursor only
 * those from the record on that was the newest the last time. Only reads.
 * Throws METER_UNSUPPORTED if the meter does not have the service or is of another maker, METER_UNPAIRED if it and the hub
 * are not paired, METER_TIMEOUT if it does not answer at all, METER_REFUSED if it declines, METER_STALLED if it falls
 * silent, and what is wrong with a record that stayed damaged, at the end.
 */
export async function* session(context: SessionContext<BleTransport>): AsyncGenerator<SessionEvent, void, void> {
  const { transport, signal, log } = context;
  demandService(transport);
  const { manufacturer, model, serial, firmware } = await readDeviceInformation(transport, signal);
  if (manufacturer !== null && !manufacturer.startsWith(MAKER)) {
    throw new Problem("METER_UNSUPPORTED", `The meter names another maker: ${manufacturer}.`);
  }
  const dialogue = await openDialogue(context);
  await dialogue.identify();
  yield {
    type: "identity",
    identity: { manufacturer: MAKER, model, serial, firmware, displayUnit: null },
    source: "meter",
    sourceName: null,
  };
  yield* readClock(dialogue, WORDS, log);
  const cursor = cursorIn((await context.resume?.(serial)) ?? null);
  yield* readMemory(dialogue, cursor, log);
}

/** The conversation before its first word: the meter has the service, and notifies. Throws METER_UNSUPPORTED if not. */
export async function openDialogue(context: SessionContext<BleTransport>): Promise<Dialogue> {
  demandService(context.transport);
  await context.transport.subscribe(ANSWERS, context.signal);
  const patience = new Patience(context, PROBE.withinMs);
  return new Dialogue(new VerioLink(context, patience), WORDS.greeting, patience, context.log);
}

function demandService(transport: BleTransport): void {
  if (findCharacteristic(transport, REQUESTS) !== null && findCharacteristic(transport, ANSWERS) !== null) return;
  throw new Problem("METER_UNSUPPORTED", "The meter does not have the service by which this family is asked.");
}
