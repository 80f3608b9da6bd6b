import type { FileDriver } from "../../src/kit/driver.js";
import { isReport } from "./recognise.js";
import { session } from "./session.js";

/** The report that an Accu-Chek Mobile writes onto the disk as which it shows itself. Facts stand in README.md. */
export const accuChekMobile: FileDriver = {
  id: "accu-chek-mobile",
  maker: "Roche",
  models: ["Accu-Chek Mobile"],
  transport: "file",
  source: "file",
  kinds: ["glucose"],
  evidence: "specification",
  recognise: (_entry, head) => isReport(head),
  session,
};
