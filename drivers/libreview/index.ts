import type { FileDriver } from "../../src/kit/driver.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { isHeader, LibreViewTable } from "./table.js";

const KINDS = ["glucose", "ketone", "insulin", "carbs", "note"] as const;
/** A title stands first, in professional accounts one line more (list of formats, section 4). */
const HEADER_WITHIN = 4;

/** The CSV file that LibreView exports, in any language. Facts stand in README.md. */
export const libreView: FileDriver = {
  id: "libreview",
  maker: "Abbott",
  models: ["LibreView export (CSV)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "capture",
  recognise: (_entry, head) =>
    headRows(head)
      .slice(0, HEADER_WITHIN)
      .some(({ cells }) => isHeader(cells)),
  session: (context) =>
    readTable(
      {
        id: "libreview",
        identity: { manufacturer: "Abbott", model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "LibreView",
        kinds: KINDS,
        open: () => new LibreViewTable(),
      },
      context,
    ),
};
