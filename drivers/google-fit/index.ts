import type { FileDriver } from "../../src/kit/driver.js";
import { isFitStream } from "./head.js";
import { session } from "./session.js";
import { FIT_TYPES } from "./types.js";

/** Google Fit's streams, from a Takeout archive or the web service's answers. What is made of them stands in README.md. */
export const googleFit: FileDriver = {
  id: "google-fit",
  maker: "Google",
  models: ["Google Fit (Takeout)"],
  transport: "file",
  source: "google-fit",
  kinds: [...FIT_TYPES.values()].map(({ kind }) => kind),
  evidence: "specification",
  recognise: (_entry, head) => isFitStream(head),
  session,
};
