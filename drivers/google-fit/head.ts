import { type JsonElement, type JsonPath, JsonReader } from "../shared/json/reader.js";
import { jsonArray, jsonObject, jsonText } from "../shared/json/value.js";
import { readStream, type StreamName } from "./stream.js";

/** Where a stream's id stands: in Takeout's files, and in the web service's datasets. */
export const ID_PATHS: readonly JsonPath[] = [["Data Source"], ["dataSourceId"]];
/** And where its points do. */
export const POINT_PATHS: readonly JsonPath[] = [
  ["Data Points", "*"],
  ["point", "*"],
];

/** True if these first bytes of a file begin a stream of Google Fit's data points, in either shape. */
export function isFitStream(head: Uint8Array): boolean {
  return found(head, [...ID_PATHS, ...POINT_PATHS]).some(({ path, value }) => {
    if (path < ID_PATHS.length) return readStream(jsonText(value) ?? "") !== null;
    const point = jsonObject(value);
    if (jsonText(point?.get("dataTypeName")) === null) return false;
    return jsonArray(point?.get("fitValue") ?? point?.get("value")) !== null;
  });
}

/** The stream whose file begins with these bytes; null if they don't say. */
export function streamOfHead(head: Uint8Array): StreamName | null {
  const [first] = found(head, ID_PATHS);
  return first === undefined ? null : readStream(jsonText(first.value) ?? "");
}

function found(head: Uint8Array, paths: readonly JsonPath[]): readonly JsonElement[] {
  const reader = new JsonReader(paths);
  try {
    reader.push(head);
  } catch {
    // Whatever it is further on: what was found before decides.
  }
  return reader.take();
}
