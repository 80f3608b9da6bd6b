import type { FileDriver } from "../../src/kit/driver.js";
import { mayBeHealthConnect } from "./recognise.js";
import { session } from "./session.js";
import { RECORD_TABLES } from "./tables.js";

/**
 * The export of Android's Health Connect: `health_connect_export.db`, alone or in its archive. What is known of it, and
 * what is made of it, stands in README.md.
 */
export const healthConnect: FileDriver = {
  id: "health-connect",
  maker: "Google",
  models: ["Health Connect export"],
  transport: "file",
  source: "health-connect",
  kinds: RECORD_TABLES.map(({ kind }) => kind),
  evidence: "specification",
  recognise: (_entry, head) => mayBeHealthConnect(head),
  session,
};
