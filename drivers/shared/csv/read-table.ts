import { Problem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceIdentity } from "../../../src/domain/reading.js";
import type { Kind } from "../../../src/domain/record.js";
import type { FileSessionContext } from "../../../src/kit/driver.js";
import type { FileEntry } from "../../../src/kit/transport.js";
import { Teller } from "../export/teller.js";
import { Unfit } from "../export/unfit.js";
import { readRows } from "./read-rows.js";
import type { CsvRow } from "./row-cutter.js";
import { type Spelling, SpellingSurvey } from "./spelling.js";

/** How often progress is told, bytes read. */
const PROGRESS_BYTES = 4_000_000;

/** Before the columns are known, a row may have any number of cells. */
export const UNKNOWN_WIDTH = { least: 0, most: Number.POSITIVE_INFINITY } as const;

/** A file in its course, row after row from the first: what a driver knows of its format. Made anew for each pass. */
export interface CsvTable {
  /** How many cells a whole row has at least, and at most, as far as is known by now; 0 at least: not yet known. */
  width(): { readonly least: number; readonly most: number };
  /** First pass: shows the dates and numbers that tell how the file spells them. Never throws. */
  survey(row: CsvRow, survey: SpellingSurvey): void;
  /** Second pass: tells what the row says. Throws Unfit for one that should be a reading and is none. */
  tell(row: CsvRow, spelling: Spelling, teller: Teller): void;
}

/** What a driver gives `readTable`. */
export interface CsvFormat {
  /** The driver's id. */
  readonly id: string;
  readonly identity: SourceIdentity;
  /** For people, as records show it. */
  readonly sourceName: string;
  readonly kinds: readonly Kind[];
  open(): CsvTable;
  /** Other entries of the same export, which may show what this one leaves open; default none. */
  siblings?(context: FileSessionContext): Promise<readonly FileEntry[]>;
}

/**
 * Reads an export in two passes: how it spells dates and numbers, then its readings. What was decided stands in the log.
 * Throws IMPORT_AMBIGUOUS_DATES before a reading is told, IMPORT_TRUNCATED after all that is whole.
 */
export async function* readTable(
  format: CsvFormat,
  context: FileSessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  const { file, entry, log, signal } = context;
  yield { type: "identity", identity: format.identity, source: "file", sourceName: format.sourceName };
  // Nobody knows how the clocks went that these times were read from.
  yield { type: "clock", deviceTime: null };
  if (context.kinds !== null && !format.kinds.some((kind) => context.kinds?.has(kind) === true)) return;
  const spelling = await surveyed(format, context);
  log.info({ entry: entry.name, ...spelling }, "how the export writes dates and decimals");

  const table = format.open();
  const teller = new Teller(format.id, context);
  let truncated: number | null = null;
  let told = file.position();
  try {
    for await (const rows of readRows(entry.open(), signal)) {
      for (const row of rows) {
        if (isCut(row, table)) truncated = row.line;
        tellRow(table, row, spelling, teller);
      }
      yield* teller.take();
      if (file.position() - told >= PROGRESS_BYTES) {
        told = file.position();
        yield { type: "progress", doneBytes: told, totalBytes: file.sizeBytes };
      }
    }
  } catch (error) {
    yield* teller.take();
    throw error;
  }
  teller.end();
  if (truncated !== null)
    throw new Problem("IMPORT_TRUNCATED", `${entry.name} ends in the middle of line ${truncated}.`);
  yield { type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes };
}

async function surveyed(format: CsvFormat, context: FileSessionContext): Promise<Spelling> {
  const survey = new SpellingSurvey();
  await look(format, context.entry, context.signal, survey, () => false);
  if (!survey.decided && context.dateOrder === null) {
    for (const sibling of (await format.siblings?.(context)) ?? []) {
      if (sibling.name === context.entry.name) continue;
      await look(format, sibling, context.signal, survey, () => survey.decided);
      if (survey.decided) break;
    }
  }
  return survey.decide(context.dateOrder, context.entry.name);
}

async function look(
  format: CsvFormat,
  entry: FileEntry,
  signal: AbortSignal,
  survey: SpellingSurvey,
  enough: () => boolean,
): Promise<void> {
  const table = format.open();
  for await (const rows of readRows(entry.open(), signal)) {
    for (const row of rows) if (row.damage === null && !isCut(row, table)) table.survey(row, survey);
    if (enough()) return;
  }
}

/** A last row that may lack something: with no end of line behind it, and fewer cells than there are columns. */
function isCut(row: CsvRow, table: CsvTable): boolean {
  return !row.ended && row.cells.length < table.width().least;
}

function tellRow(table: CsvTable, row: CsvRow, spelling: Spelling, teller: Teller): void {
  try {
    if (row.damage !== null) throw new Unfit(row.damage);
    if (isCut(row, table)) throw new Unfit("the file ends in the middle of it");
    // Behind a decimal comma that is not quoted, every cell would be taken for its neighbour.
    if (row.cells.length > table.width().most) throw new Unfit("it has more cells than there are columns");
    if (row.cells.some((cell) => cell.trim() !== "")) table.tell(row, spelling, teller);
  } catch (error) {
    teller.unfit(error, `Line ${row.line}`, row.raw);
  }
}
