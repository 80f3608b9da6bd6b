import type { SessionEvent } from "../../src/domain/reading.js";
import type { FileSessionContext } from "../../src/kit/driver.js";
import { readJson } from "../shared/export/read-json.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import { jsonElements } from "../shared/json/elements.js";
import type { JsonElement } from "../shared/json/reader.js";
import { jsonObject, jsonText } from "../shared/json/value.js";
import { readDate } from "./date.js";
import { METRICS } from "./sample.js";

/** Kinds of records that the app's metrics give. */
export const KINDS = ["glucose", "insulin", "carbs", "heart_rate", "steps", "weight", "blood_pressure"] as const;
/** More lists than that no phone has: there are some hundred kinds of metrics. */
const MOST_METRICS = 10_000;

/** A list of samples: what they are of, and in which unit. */
interface Heading {
  name: string | null;
  units: string | null;
}

/**
 * Reads the export in two passes: the names and units of its metrics, which may stand behind their samples, then the
 * samples. Throws IMPORT_MALFORMED and IMPORT_TRUNCATED as a JSON file does, the first before a reading is told.
 */
export async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  const headings = await readHeadings(context);
  yield* readJson(
    {
      id: "health-auto-export",
      identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
      sourceName: "Health Auto Export",
      kinds: KINDS,
      paths: [["data", "metrics", "*", "data", "*"]],
      tell: (element, teller) => tellSample(element, headings, teller),
    },
    context,
  );
}

async function readHeadings({ entry, signal }: FileSessionContext): Promise<ReadonlyMap<number, Heading>> {
  const headings = new Map<number, Heading>();
  const paths = [
    ["data", "metrics", "*", "name"],
    ["data", "metrics", "*", "units"],
  ];
  try {
    for await (const elements of jsonElements(entry.open(), paths)) {
      signal.throwIfAborted();
      for (const { path, at, value } of elements) {
        const place = Number(at[2]);
        if (!headings.has(place) && headings.size >= MOST_METRICS) continue;
        const heading = headings.get(place) ?? { name: null, units: null };
        if (path === 0) heading.name = jsonText(value);
        else heading.units = jsonText(value);
        headings.set(place, heading);
      }
    }
  } catch (error) {
    // Damage is told by the second pass, at the same place, behind the readings before it.
    if (signal.aborted) throw error;
  }
  return headings;
}

function tellSample(element: JsonElement, headings: ReadonlyMap<number, Heading>, teller: Teller): void {
  const { name = null, units = null } = headings.get(Number(element.at[2])) ?? {};
  if (name === null) throw new Unfit("what it is of is not said");
  const metric = METRICS.get(name);
  if (metric === undefined) {
    teller.other(name);
    return;
  }
  if (!teller.wants(metric.kind)) return;
  const sample = jsonObject(element.value);
  if (sample === null) throw new Unfit("it is no object");
  const read = metric.read(sample, units ?? "");
  if (read === null) {
    teller.other(`${name}, averages`);
    return;
  }
  const instantMs = readDate(jsonText(sample.get("date")) ?? "");
  const source = jsonText(sample.get("source"))?.trim() || null;
  const reading = { ...read, kind: metric.kind, instantMs, sourceName: source, raw: element.raw };
  if (metric.additive) teller.tell([name, source, instantMs], reading);
  else teller.tellOnce([name, source, instantMs], `${read.value} ${read.value2 ?? ""}`, reading);
}
