import { Problem } from "../domain/problem.js";

/**
 * The value of a JSON body; undefined for an empty one. Throws REQUEST_INVALID, also for bytes that are no UTF-8: read
 * leniently, a note would be kept with other letters than were sent.
 */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem("REQUEST_INVALID", `body: is no JSON: ${why}.`);
  }
}
