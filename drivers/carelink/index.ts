import type { FileDriver } from "../../src/kit/driver.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { CareLinkTable, isHeader, sectionOf } from "./table.js";

const KINDS = ["glucose", "insulin", "carbs"] as const;

/** The CSV file that Medtronic CareLink exports. Facts stand in README.md. */
export const careLink: FileDriver = {
  id: "carelink",
  maker: "Medtronic",
  models: ["CareLink export (CSV)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "capture",
  recognise: (_entry, head) => {
    const rows = headRows(head);
    const section = rows.findIndex(({ cells }) => sectionOf(cells) !== null);
    return section !== -1 && rows.slice(section + 1, section + 2).some(({ cells }) => isHeader(cells));
  },
  session: (context) =>
    readTable(
      {
        id: "carelink",
        identity: { manufacturer: "Medtronic", model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "CareLink",
        kinds: KINDS,
        open: () => new CareLinkTable(),
      },
      context,
    ),
};
