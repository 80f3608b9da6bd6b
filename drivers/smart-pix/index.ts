import type { FileDriver } from "../../src/kit/driver.js";
import { beginsDocument } from "../shared/xml/recognise.js";
import { ROOT, session } from "./session.js";

/** What tells the report from any other document whose root has so common a name: it names a device early on. */
const DEVICE = /<DEVICE\s/;

/** The report of a Smart Pix reader, into which Accu-Chek meters are read by infrared. Facts stand in README.md. */
export const smartPix: FileDriver = {
  id: "smart-pix",
  maker: "Roche",
  models: ["Accu-Chek meters through a Smart Pix reader"],
  transport: "file",
  source: "file",
  kinds: ["glucose", "carbs", "note"],
  evidence: "specification",
  recognise: (_entry, head) => beginsDocument(head, ROOT) && DEVICE.test(Buffer.from(head).toString("latin1")),
  session,
};
