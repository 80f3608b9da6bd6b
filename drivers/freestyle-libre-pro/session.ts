import { asProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { type AskedTable, askFactory, askTable } from "../shared/abbott-hid/binary/ask.js";
import type { Factory } from "../shared/abbott-hid/binary/factory.js";
import { BinaryLink } from "../shared/abbott-hid/binary/link.js";
import { TABLES } from "../shared/abbott-hid/binary/record.js";
import { tellTables } from "../shared/abbott-hid/binary/tell-tables.js";
import { CLOCK, NEXT_RECORD } from "../shared/abbott-hid/binary/text-questions.js";
import { Dialogue } from "../shared/abbott-hid/dialogue.js";
import { FIRMWARE, serialQuestion } from "../shared/abbott-hid/question.js";

/** Longest wait for a first answer where other meters may be meant, milliseconds. */
export const PROBE_WITHIN_MS = 3_000;

/** Tables in which clock changes stand come first: without them nothing can be told. */
const WITH_CLOCK_CHANGES = [TABLES.results, TABLES.events] as const;
const OTHERS = [TABLES.rapidInsulin, TABLES.historical] as const;

/**
 * The conversation: in text who it is, its clock and its next record's number, then its tables in the binary protocol. Only
 * reads. A table is told when it has come, and of one that breaks off the records before that, each proven by its own
 * checksum; the session then ends with that problem. Throws what `Dialogue.open` does.
 */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  const { log } = context;
  const dialogue = dialogueOf(context);
  const serial = await dialogue.open();
  const firmware = await dialogue.askOptional(FIRMWARE);
  const nextNumber = await dialogue.ask(NEXT_RECORD);
  const clock = await dialogue.askOptional(CLOCK);
  const link = new BinaryLink(context);
  let factory: Factory | null = null;
  let problem: Problem | null = null;
  try {
    await link.open();
    factory = await askFactory(link, log);
  } catch (error) {
    problem = asProblem(error);
  }
  const displayUnit = factory?.displayUnit ?? null;
  const identity = { manufacturer: "Abbott", model: "FreeStyle Libre Pro", serial, firmware, displayUnit };
  yield { type: "identity", identity, source: "cgm", sourceName: null };
  yield { type: "clock", deviceTime: clock?.deviceTime ?? null };
  if (factory === null) throw problem ?? new Problem("METER_STALLED");

  const tables: AskedTable[] = [];
  for (const table of [...WITH_CLOCK_CHANGES, ...OTHERS]) {
    const asked = await askTable(link, table, log);
    tables.push(asked);
    if (asked.records === null && asked.problem === null) log.info({ table }, "the reader has no such table");
    problem = asked.problem;
    if (problem !== null) break;
  }
  if (problem !== null && tables.length <= WITH_CLOCK_CHANGES.length) throw problem;
  yield* tellTables(tables, { timeBase: factory.timeBase, nextNumber, log });
  if (problem !== null) throw problem;
  if (tables.at(-1)?.records === null) {
    throw new Problem("METER_REFUSED", "The reader says that it has no table of the sensor's values.");
  }
}

/** The conversation's questions in text, for setting the clock too. */
export function dialogueOf(context: SessionContext<HidTransport>): Dialogue {
  return new Dialogue(context, serialQuestion("$sn?"), PROBE_WITHIN_MS);
}
