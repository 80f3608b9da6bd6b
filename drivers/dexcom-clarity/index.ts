import type { FileDriver } from "../../src/kit/driver.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { ClarityTable, isHeader } from "./table.js";

const KINDS = ["glucose", "insulin", "carbs"] as const;

/** The CSV file that Dexcom Clarity exports. Facts stand in README.md. */
export const dexcomClarity: FileDriver = {
  id: "dexcom-clarity",
  maker: "Dexcom",
  models: ["Dexcom Clarity export (CSV)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "capture",
  recognise: (_entry, head) =>
    headRows(head)
      .slice(0, 1)
      .some(({ cells }) => isHeader(cells)),
  session: (context) =>
    readTable(
      {
        id: "dexcom-clarity",
        identity: { manufacturer: "Dexcom", model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "Dexcom Clarity",
        kinds: KINDS,
        open: () => new ClarityTable(),
      },
      context,
    ),
};
