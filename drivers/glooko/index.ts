import { isProblem } from "../../src/domain/problem.js";
import type { FileDriver, FileSessionContext } from "../../src/kit/driver.js";
import type { FileEntry } from "../../src/kit/transport.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { GlookoTable, kindOfFile } from "./table.js";

const KINDS = ["glucose", "insulin", "carbs"] as const;
/** A line with the person's name may stand before the column names (list of formats, section 4). */
const HEADER_WITHIN = 2;
/** How much of another entry is looked at to see whether it belongs to the export, bytes. */
const HEAD_BYTES = 4_096;

/** The CSV files in the archive that Glooko exports. Facts stand in README.md. */
export const glooko: FileDriver = {
  id: "glooko",
  maker: "Glooko",
  models: ["Glooko export (zip of CSV)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "specification",
  recognise: (_entry, head) => isGlooko(head),
  session: (context) =>
    readTable(
      {
        id: "glooko",
        identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "Glooko",
        kinds: KINDS,
        open: () => new GlookoTable(),
        siblings,
      },
      context,
    ),
};

function isGlooko(head: Uint8Array): boolean {
  return headRows(head)
    .slice(0, HEADER_WITHIN)
    .some(({ cells }) => kindOfFile(cells) !== null);
}

/** The archive's other files of this kind: all were written at once, for one person, so one shows how dates are meant. */
async function siblings({ file, signal }: FileSessionContext): Promise<readonly FileEntry[]> {
  const found: FileEntry[] = [];
  for (const entry of await file.entries()) {
    try {
      for await (const bytes of entry.open()) {
        signal.throwIfAborted();
        if (isGlooko(bytes.subarray(0, HEAD_BYTES))) found.push(entry);
        break;
      }
    } catch (error) {
      // One that is damaged shows nothing; the import names it by itself.
      if (signal.aborted || !isProblem(error)) throw error;
    }
  }
  return found;
}
