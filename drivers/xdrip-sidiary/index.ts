import type { FileDriver } from "../../src/kit/driver.js";
import { headRows } from "../shared/csv/read-rows.js";
import { readTable } from "../shared/csv/read-table.js";
import { isHeader, SiDiaryTable } from "./table.js";

const KINDS = ["glucose", "insulin", "carbs", "note"] as const;

/** The file in SiDiary's form that xDrip+ exports. Facts stand in README.md. */
export const xdripSiDiary: FileDriver = {
  id: "xdrip-sidiary",
  maker: "xDrip+",
  models: ["xDrip+ export (SiDiary CSV)"],
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
        id: "xdrip-sidiary",
        identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "xDrip+",
        kinds: KINDS,
        open: () => new SiDiaryTable(),
      },
      context,
    ),
};
