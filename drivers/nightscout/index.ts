import type { FileDriver } from "../../src/kit/driver.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { readJson } from "../shared/export/read-json.js";
import { tellDocument } from "./documents.js";
import { EntriesTable, isEntryRow } from "./table.js";

const KINDS = ["glucose", "insulin", "carbs", "note"] as const;
const IDENTITY = { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null };
const FORMAT = { id: "nightscout", identity: IDENTITY, sourceName: "Nightscout", kinds: KINDS } as const;
/** Members that entries and treatments have, and no other export at once. */
const ENTRY = [/"(sgv|mbg)"\s*:/, /"date(String)?"\s*:/] as const;
const TREATMENT = [/"eventType"\s*:/, /"created_at"\s*:/] as const;

/** What Nightscout gives of its entries (JSON, or CSV without column names) and treatments (JSON). Facts: README.md. */
export const nightscout: FileDriver = {
  id: "nightscout",
  maker: "Nightscout",
  models: ["Nightscout entries (JSON, CSV)", "Nightscout treatments (JSON)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "capture",
  recognise: (_entry, head) => isDocuments(head) || isEntries(head),
  async *session(context) {
    let head: Uint8Array = new Uint8Array();
    for await (const bytes of context.entry.open()) {
      head = Buffer.concat([head, bytes]);
      if (head.length >= 512) break;
    }
    if (/^(\ufeff)?\s*\[/.test(Buffer.from(head).toString("utf8")))
      yield* readJson({ ...FORMAT, paths: [["*"]], tell: tellDocument }, context);
    else yield* readTable({ ...FORMAT, open: () => new EntriesTable() }, context);
  },
};

function isDocuments(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString("latin1");
  if (!/^(\xef\xbb\xbf)?\s*\[\s*\{/.test(text)) return false;
  return ENTRY.every((member) => member.test(text)) || TREATMENT.every((member) => member.test(text));
}

function isEntries(head: Uint8Array): boolean {
  const [first] = headRows(head);
  return first !== undefined && isEntryRow(first.cells);
}
