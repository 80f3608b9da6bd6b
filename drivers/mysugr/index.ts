import type { FileDriver } from "../../src/kit/driver.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { isHeader, MySugrTable } from "./table.js";

const KINDS = ["glucose", "insulin", "carbs", "steps", "weight", "blood_pressure", "hba1c", "note"] as const;

/** The CSV file that the mySugr app exports. Facts stand in README.md. */
export const mySugr: FileDriver = {
  id: "mysugr",
  maker: "mySugr",
  models: ["mySugr export (CSV)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "specification",
  recognise: (_entry, head) =>
    headRows(head)
      .slice(0, 1)
      .some(({ cells }) => isHeader(cells)),
  session: (context) =>
    readTable(
      {
        id: "mysugr",
        identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "mySugr",
        kinds: KINDS,
        open: () => new MySugrTable(),
      },
      context,
    ),
};
