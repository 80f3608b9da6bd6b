import { Columns } from "../shared/csv/columns.js";
import { headRows } from "../shared/csv/read-rows.js";
import { NEEDED } from "./own-record.js";

/** `csv` (`records --csv`), `lines` (`records --json`), `page` (an answer of `GET /records`). */
export type Form = "csv" | "lines" | "page";

const PAGE = /^\s*\{\s*"records"\s*:\s*\[\s*(\{|\])/;
const OBJECT = /^\s*\{\s*"/;
/** Members that each record has, and nobody else's at once. */
const MEMBERS = ["id", "kind", "deleted", "timeQuality", "utcOffset", "sourceName"];

/** In which form a hub exported a file with this beginning; null if it is none of a hub's. */
export function formOf(head: Uint8Array): Form | null {
  const text = Buffer.from(head).toString("latin1");
  const known = MEMBERS.every((name) => text.includes(`"${name}"`));
  if (PAGE.test(text)) return known ? "page" : null;
  if (OBJECT.test(text)) return known ? "lines" : null;
  const [first] = headRows(head);
  return first !== undefined && new Columns(first.cells).has(...NEEDED) ? "csv" : null;
}
