import type { FileDriver } from "../../src/kit/driver.js";
import { readJson } from "../shared/export/read-json.js";
import { tellDatum } from "./datum.js";

const KINDS = ["glucose", "ketone", "insulin", "carbs"] as const;
/** What the first data of an export must show: one of its types, and members that it has and others have not. */
const TYPE =
  /"type"\s*:\s*"(cbg|smbg|bolus|basal|wizard|food|upload|insulin|bloodKetone|deviceEvent|pumpSettings|cgmSettings|dosingDecision|physicalActivity|reportedState|controllerStatus|controllerSettings)"/;
const OWN = /"(uploadId|deviceId|timezoneOffset|conversionOffset|deviceTime)"\s*:/;

/** The JSON file that Tidepool exports. Facts stand in README.md. */
export const tidepool: FileDriver = {
  id: "tidepool",
  maker: "Tidepool",
  models: ["Tidepool export (JSON)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "specification",
  recognise: (_entry, head) => {
    const text = Buffer.from(head).toString("latin1");
    return /^(\xef\xbb\xbf)?\s*\[\s*\{/.test(text) && TYPE.test(text) && OWN.test(text) && !/"sgv"\s*:/.test(text);
  },
  session: (context) =>
    readJson(
      {
        id: "tidepool",
        identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
        sourceName: "Tidepool",
        kinds: KINDS,
        paths: [["*"]],
        tell: tellDatum,
      },
      context,
    ),
};
