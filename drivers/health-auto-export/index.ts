import type { FileDriver } from "../../src/kit/driver.js";
import { KINDS, session } from "./session.js";

/** The JSON files that the iPhone app Health Auto Export writes and sends. Facts stand in README.md. */
export const healthAutoExport: FileDriver = {
  id: "health-auto-export",
  maker: "Health Auto Export",
  models: ["Health Auto Export (JSON)"],
  transport: "file",
  source: "file",
  kinds: KINDS,
  evidence: "specification",
  recognise: (_entry, head) => isHealthAutoExport(Buffer.from(head).toString("latin1")),
  session,
};

/** An object whose only member is `data`, and in that one of the app's lists, or nothing at all. */
function isHealthAutoExport(head: string): boolean {
  const body = /^(?:\xef\xbb\xbf)?\s*\{\s*"data"\s*:\s*\{/.exec(head);
  if (body === null) return false;
  const rest = head.slice(body[0].length);
  const list = "metrics|workouts|ecg|symptoms|stateOfMind|medications|cycleTracking|heartRateNotifications";
  return /^\s*\}\s*\}\s*$/.test(rest) || new RegExp(`^\\s*"(?:${list})"\\s*:\\s*[[{n]`).test(rest);
}
