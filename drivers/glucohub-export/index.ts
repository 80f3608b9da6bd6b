import { KINDS } from "../../src/domain/record.js";
import type { FileDriver } from "../../src/kit/driver.js";
import { formOf } from "./recognise.js";
import { session } from "./session.js";

/** What `glucohub records --csv` and `--json` and `GET /records` give, read back. Facts stand in README.md. */
export const glucohubExport: FileDriver = {
  id: "glucohub-export",
  maker: "Glucohub",
  models: ["Glucohub's own records (CSV, JSON)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "specification",
  recognise: (_entry, head) => formOf(head) !== null,
  session,
};
