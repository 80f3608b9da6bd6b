import type { Log } from "../../src/domain/clock.js";
import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { FileSessionContext } from "../../src/kit/driver.js";
import { createNames } from "../shared/roche/names.js";
import { type ReportReader, readReport } from "../shared/roche/read-report.js";
import { Unfit } from "../shared/roche/unfit.js";
import { readReportLine, readRow } from "./codec.js";
import { type Columns, readColumns } from "./columns.js";
import { cellsOf, type Line, LineCutter } from "./lines.js";

/**
 * Reads a report, row by row. Throws IMPORT_UNKNOWN_FORMAT if its columns are not the English ones, IMPORT_MALFORMED if it
 * does not name its meter, IMPORT_TRUNCATED if its last line has no end; what stood before is told.
 */
export async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  const wanted = context.kinds === null || context.kinds.has("glucose");
  yield* readReport(context, new Report(wanted, context.log));
}

class Report implements ReportReader {
  readonly #wanted: boolean;
  readonly #log: Log;
  readonly #cutter = new LineCutter();
  readonly #nameOf = createNames();
  #number = 0;
  #serial = "";
  #columns: Columns | null = null;

  constructor(wanted: boolean, log: Log) {
    this.#wanted = wanted;
    this.#log = log;
  }

  *push(bytes: Uint8Array): Generator<SessionEvent, void, void> {
    for (const line of this.#cutter.push(bytes)) yield* this.#line(line);
  }

  /** A mark in a row's last cell may be just what is missing behind its last byte, and it may be the control mark. */
  *end(): Generator<SessionEvent, void, void> {
    const line = this.#cutter.rest();
    if (this.#columns !== null && (line === null || isEmpty(line))) return;
    this.#number += 1;
    if (line !== null && this.#columns !== null && this.#wanted) {
      yield this.#unreadable(line.bytes, "the report ends in the middle of it");
    }
    throw new Problem("IMPORT_TRUNCATED", `The report ends in the middle of line ${this.#number}.`);
  }

  *#line(line: Line): Generator<SessionEvent, void, void> {
    this.#number += 1;
    // The first line is a title.
    if (this.#number === 2) yield* this.#meet(cellsOf(line.bytes));
    else if (this.#number === 3) this.#columns = readColumns(cellsOf(line.bytes));
    else if (this.#columns !== null && this.#wanted) yield* this.#row(line, this.#columns);
  }

  *#meet(cells: readonly string[]): Generator<SessionEvent, void, void> {
    try {
      const { serial, writtenAt } = readReportLine(cells);
      this.#serial = serial;
      this.#log.info({ writtenAt }, "when the report was written, by the meter's clock");
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      throw new Problem("IMPORT_MALFORMED", `The report can't be read: ${error.message}.`);
    }
    yield {
      type: "identity",
      identity: {
        manufacturer: "Roche",
        model: "Accu-Chek Mobile",
        serial: this.#serial,
        firmware: null,
        displayUnit: null,
      },
      source: "file",
      sourceName: "Accu-Chek Mobile report",
    };
    // What the meter's clock showed when it wrote the report says nothing now: nobody knows when that was.
    yield { type: "clock", deviceTime: null };
  }

  *#row({ bytes, cut }: Line, columns: Columns): Generator<SessionEvent, void, void> {
    if (isEmpty({ bytes, cut })) return;
    try {
      if (cut) throw new Unfit("it is too long");
      const nameOf = (called: string): string => this.#nameOf(`accu-chek ${this.#serial} ${called}`);
      yield { type: "readings", readings: [readRow(cellsOf(bytes), columns, bytes, nameOf)] };
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      yield this.#unreadable(bytes, error.message);
    }
  }

  #unreadable(raw: Uint8Array, why: string): SessionEvent {
    const detail = `Line ${this.#number} can't be read: ${why}.`;
    return { type: "unreadable", unreadable: { code: "IMPORT_MALFORMED", detail, raw } };
  }
}

function isEmpty({ bytes, cut }: Line): boolean {
  return !cut && cellsOf(bytes).every((cell) => cell === "");
}
