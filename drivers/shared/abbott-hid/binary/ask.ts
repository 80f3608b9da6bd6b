import { asProblem, isProblem, Problem } from "../../../../src/domain/problem.js";
import type { SessionContext } from "../../../../src/kit/driver.js";
import { type AapFrame, aapBytes, ERROR_CODES, OPCODES } from "./aap.js";
import { expandDatabase } from "./compressed.js";
import { FACTORY_TABLE, type Factory, readFactory } from "./factory.js";
import type { BinaryLink } from "./link.js";
import { TableRecords } from "./table-records.js";

/** How often each request is made before it is given up. */
const TRIES = 3;

/** A table as it came. */
export interface AskedTable {
  readonly table: number;
  /** What came of it, in the order sent; of one that broke off the records before that. Null: the reader has no such table. */
  readonly records: TableRecords | null;
  /** Why it did not come whole; null if it did. */
  readonly problem: Problem | null;
}

/** Asks for what the factory set. Throws METER_REFUSED, METER_STALLED, or what the last answer was damaged by. */
export async function askFactory(link: BinaryLink, log: SessionContext["log"]): Promise<Factory> {
  return await trying(log, "factory settings", async () => {
    let factory: Factory | null = null;
    const exchanged = await link.exchange(aapBytes(OPCODES.config, Uint8Array.of(FACTORY_TABLE)), (frame) => {
      demandNoRefusal(frame, OPCODES.config);
      if (frame.opcode !== OPCODES.config) return "more";
      factory = readFactory(frame.data);
      return "end";
    });
    if (factory === null) throw lost(exchanged);
    return factory;
  });
}

/**
 * Asks for a table. Of one that stays broken it gives the records of the best answer, all proven by their own checksums,
 * and the problem.
 */
export async function askTable(link: BinaryLink, table: number, log: SessionContext["log"]): Promise<AskedTable> {
  let best: TableRecords | null = null;
  try {
    const records = await trying(log, `table ${table}`, async () => {
      const records = new TableRecords();
      if (best === null || best.count === 0) best = records;
      let isMissing = false;
      const exchanged = await link.exchange(aapBytes(OPCODES.database, Uint8Array.of(table)), (frame) => {
        if (isMissingTable(frame)) {
          isMissing = true;
          return "end";
        }
        demandNoRefusal(frame, OPCODES.database);
        const data = frame.opcode === OPCODES.compressedDatabase ? expandDatabase(frame.data) : frame.data;
        if (frame.opcode !== OPCODES.database && frame.opcode !== OPCODES.compressedDatabase) return "more";
        if (data.length === 0) return "end";
        if (data[0] !== table) throw new Problem("FRAME_MALFORMED", `Table ${data[0]} came instead of ${table}.`);
        records.add(data);
        if (records.count > (best?.count ?? 0)) best = records;
        return "more";
      });
      if (isMissing && records.count === 0) return null;
      if (exchanged !== "whole" || isMissing) throw lost(exchanged);
      return records;
    });
    return { table, records, problem: null };
  } catch (error) {
    const problem = asProblem(error);
    if (!isProblem(error)) throw error;
    return { table, records: best, problem };
  }
}

/** Sets the clock to that wall time (sheet a). Throws METER_REFUSED, METER_STALLED, or what the answer was damaged by. */
export async function orderTime(link: BinaryLink, wall: string): Promise<void> {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = wall.split(/\D/).map(Number);
  const data = Uint8Array.of(second, minute, hour, day, month, year & 0xff, year >> 8, 1);
  const exchanged = await link.exchange(aapBytes(OPCODES.setTime, data), (frame) => {
    demandNoRefusal(frame, OPCODES.setTime);
    return frame.opcode === OPCODES.setTime && frame.data.length === 0 ? "end" : "more";
  });
  if (exchanged !== "whole") throw lost(exchanged);
}

/** Tries that often what may come damaged. What the transport does, and an end that was asked for, is not tried again. */
async function trying<T>(log: SessionContext["log"], what: string, work: () => Promise<T>): Promise<T> {
  let last: unknown = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_TRUNCATED", "FRAME_MALFORMED", "METER_REFUSED", "METER_STALLED"))
        throw error;
      log.warn({ what, code: error.code }, "no good answer");
      last = error;
    }
  }
  throw last;
}

function isMissingTable({ opcode, data: [asked, code] }: AapFrame): boolean {
  if (opcode !== OPCODES.error || asked !== OPCODES.database) return false;
  return code === ERROR_CODES.badParameters || code === ERROR_CODES.badId;
}

/** Throws METER_REFUSED for an error that is about this request. */
function demandNoRefusal({ opcode, data: [asked, code] }: AapFrame, request: number): void {
  if (opcode !== OPCODES.error || asked !== request || code === ERROR_CODES.none) return;
  throw new Problem("METER_REFUSED", `The reader declines a request (error ${code}).`, {
    request,
    error: code ?? null,
  });
}

function lost(exchanged: "whole" | "broken" | "silent"): Problem {
  return exchanged === "silent"
    ? new Problem("METER_STALLED")
    : new Problem("FRAME_TRUNCATED", "An answer broke off in the middle.");
}
