import type * as z from "zod";
import { takesList, takesNumber } from "./fields.js";
import type { Entry } from "./layer.js";
import { shownValue } from "./mask.js";
import { nearest } from "./nearest.js";

const PATIENT_KEYS = ["id", "name", "zone", "meters"];

/**
 * What is wrong with an entry, as one sentence: the setting's name, where it stands, the value (masked where it may
 * hold a secret) and what was expected. Null if nothing is.
 */
export function checkEntry(entry: Entry): string | null {
  const result = entry.field.schema.safeParse(entry.value);
  if (result.success) return null;
  const issue = result.error.issues[0];
  const place = `${entry.field.name} (${entry.origin})`;
  if (issue !== undefined && entry.field.name === "patients") return `${place}: ${insideList(issue)}`;
  const quoted =
    !takesNumber(entry.field) && !takesList(entry.field) && ["number", "boolean"].includes(typeof entry.value)
      ? ", in quotes"
      : "";
  return `${place}: ${shownValue(entry.field, entry.value)} is wrong: expected ${entry.field.expects}${quoted}`;
}

/** `[0].zone: …`, counted as the file's list stands, from 1 for people. */
function insideList(issue: z.core.$ZodIssue): string {
  const [index, ...rest] = issue.path;
  const where =
    typeof index === "number" ? `patient ${index + 1}${rest.length === 0 ? "" : `, ${rest.join(".")}`}: ` : "";
  if (issue.code !== "unrecognized_keys") return `${where}${issue.message}`;
  const key = issue.keys[0] ?? "";
  return `${where}there is no such setting as ${key}; did you mean ${nearest(key, PATIENT_KEYS)}?`;
}
