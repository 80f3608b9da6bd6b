import type { GlucoseUnit } from "../shared/export/amount.js";
import { Unfit } from "../shared/export/unfit.js";
import { type JsonArray, type JsonObject, jsonArray, jsonNumber, jsonObject, jsonText } from "../shared/json/value.js";

/** The code of an annotation that says so, and where thresholds in mg/dL begin and those in mmol/L end. */
const CODE = "bg/out-of-range";
const MMOL_AT_MOST = 33.4;

/** What lies beyond the numbers that a device shows. */
export interface Beyond {
  readonly outOfRange: "low" | "high";
  /** Null: the threshold stands there in another unit; the value itself is then all that is known. */
  readonly bound: number | null;
}

/**
 * Whether a glucose value is said to be out of its device's range (an annotation, as a list or as JSON text in it). Throws
 * Unfit if it is said to be beyond both ends, or beyond neither.
 */
export function outOfRange(datum: JsonObject, unit: GlucoseUnit): Beyond | null {
  const found: Beyond[] = [];
  for (const each of annotationsOf(datum)) {
    if (each.code !== CODE) continue;
    const { value, threshold } = each;
    if (value !== "low" && value !== "high") throw new Unfit("it is said to be out of range, but not at which end");
    const fits = threshold !== null && (unit === "mmol/L") === threshold <= MMOL_AT_MOST;
    found.push({ outOfRange: value, bound: fits ? threshold : null });
  }
  const [first] = found;
  if (found.some((one) => one.outOfRange !== first?.outOfRange))
    throw new Unfit("it is said to be low and high at once");
  return first ?? null;
}

interface Annotation {
  readonly code: string | null;
  readonly value: string | null;
  readonly threshold: number | null;
}

function annotationsOf(datum: JsonObject): readonly Annotation[] {
  const member = datum.get("annotations");
  const text = jsonText(member);
  if (text !== null) return fromText(text);
  return (jsonArray(member) ?? ([] as JsonArray)).map((one): Annotation => {
    const each = jsonObject(one);
    return {
      code: jsonText(each?.get("code")),
      value: jsonText(each?.get("value")),
      threshold: jsonNumber(each?.get("threshold")),
    };
  });
}

/** Exports write nested values as JSON in a text. */
function fromText(text: string): readonly Annotation[] {
  if (text.trim() === "") return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Unfit("its annotations can't be read");
  }
  const list: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return list.map((one) => {
    const { code, value, threshold } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
    return {
      code: typeof code === "string" ? code : null,
      value: typeof value === "string" ? value : null,
      threshold: typeof threshold === "number" ? threshold : null,
    };
  });
}
