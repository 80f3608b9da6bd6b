import type { SessionEvent, SourceReading } from "../../../../src/domain/reading.js";
import type { SessionContext } from "../../../../src/kit/driver.js";
import type { Stamp } from "../clock-changes.js";
import type { AskedTable } from "./ask.js";
import { type ClockEdit, ClockHistory } from "./clock-edits.js";
import { type BinaryTold, readRecord } from "./read-record.js";
import { RecordNumbers } from "./record-number.js";

/** How many readings are told at once. */
const PAGE = 100;

/** What tables need to be told. */
export interface TablesFacts {
  readonly timeBase: number;
  /** The number that the reader will give next. */
  readonly nextNumber: number;
  readonly log: SessionContext["log"];
}

/** Tells what tables hold: clock changes, how many readings there are, and each of them in the order sent. */
export function* tellTables(tables: readonly AskedTable[], facts: TablesFacts): Generator<SessionEvent, void, void> {
  const edits: ClockEdit[] = [];
  const counts = new Map<string, number>();
  let expected = 0;
  for (const told of allTold(tables, facts)) {
    if ("edit" in told) edits.push(told.edit);
    else if ("passedOver" in told) counts.set(told.passedOver, (counts.get(told.passedOver) ?? 0) + 1);
    else expected += 1;
  }
  const history = new ClockHistory(edits, facts.timeBase, edits.length > 1 ? numbersOf(tables, facts) : []);
  if (edits.length > 0) yield { type: "clockChanges", changes: history.changes(stampsOf(tables, facts, history)) };
  // Of a table that broke off nobody knows how much it would have held.
  if (tables.every(({ problem }) => problem === null)) yield { type: "expect", count: expected };
  let page: SourceReading[] = [];
  // Read a second time rather than kept: a full memory would be held twice.
  for (const told of allTold(tables, facts)) {
    if ("reading" in told) page.push(placed(told, history));
    if (page.length === PAGE || ("unreadable" in told && page.length > 0)) {
      yield { type: "readings", readings: page };
      page = [];
    }
    if ("unreadable" in told) yield { type: "unreadable", unreadable: told.unreadable };
  }
  if (page.length > 0) yield { type: "readings", readings: page };
  if (counts.size > 0) facts.log.info(Object.fromEntries(counts), "records that hold no reading were passed over");
}

function* allTold(tables: readonly AskedTable[], facts: TablesFacts): Generator<BinaryTold, void, void> {
  for (const { records } of tables) {
    // Each table tells of the memory's turning over for itself.
    const numbers = new RecordNumbers(facts.nextNumber);
    for (const raw of records?.all() ?? []) yield readRecord(raw, { timeBase: facts.timeBase, numbers });
  }
}

function* numbersOf(tables: readonly AskedTable[], facts: TablesFacts): Generator<number, void, void> {
  for (const told of allTold(tables, facts)) if ("reading" in told) yield told.number;
}

function* stampsOf(
  tables: readonly AskedTable[],
  facts: TablesFacts,
  history: ClockHistory,
): Generator<Stamp, void, void> {
  for (const told of allTold(tables, facts)) {
    if (!("reading" in told) || told.reading.deviceTime === null) continue;
    const order = history.orderOf(told.number, told.userOffset);
    if (order !== null) yield { order, wall: told.reading.deviceTime };
  }
}

function placed(told: Extract<BinaryTold, { reading: unknown }>, history: ClockHistory): SourceReading {
  const order = history.orderOf(told.number, told.userOffset);
  if (order !== null) return { ...told.reading, order };
  const note = `Its clock was ahead of the reader's by ${told.userOffset} s, of which no clock change tells`;
  return { ...told.reading, note: told.reading.note === null ? note : `${told.reading.note}; ${note}` };
}
