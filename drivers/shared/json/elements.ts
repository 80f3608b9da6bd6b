import { type JsonElement, type JsonPath, JsonReader } from "./reader.js";
import { JSON_LIMITS, type JsonLimits } from "./sink.js";

/**
 * The values at these paths of the JSON document in the chunks, in its order: those that one chunk completes at a time
 * (never none), so that nobody waits for each of a million. `["data", "metrics", "*", "data", "*"]` gives each element of
 * the `data` of each metric, `[]` the whole document, `["*"]` each element of an array at the root.
 *
 * Throws IMPORT_MALFORMED where it is no JSON and IMPORT_TRUNCATED where its end is missing, after all that stood before
 * has been given. See {@link JsonReader} for what is bounded.
 */
export async function* jsonElements(
  chunks: AsyncIterable<Uint8Array>,
  paths: readonly JsonPath[],
  limits: JsonLimits = JSON_LIMITS,
): AsyncGenerator<readonly JsonElement[], void, void> {
  const reader = new JsonReader(paths, limits);
  for await (const bytes of chunks) {
    let damage: { readonly error: unknown } | null = null;
    try {
      reader.push(bytes);
    } catch (error) {
      damage = { error };
    }
    const found = reader.take();
    if (found.length > 0) yield found;
    if (damage !== null) throw damage.error;
  }
  let damage: { readonly error: unknown } | null = null;
  try {
    reader.end();
  } catch (error) {
    damage = { error };
  }
  const found = reader.take();
  if (found.length > 0) yield found;
  if (damage !== null) throw damage.error;
}
