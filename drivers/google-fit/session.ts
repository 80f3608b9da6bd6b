import { isProblem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { FileSessionContext } from "../../src/kit/driver.js";
import { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import { jsonElements } from "../shared/json/elements.js";
import { jsonText } from "../shared/json/value.js";
import { streamsBeside } from "./beside.js";
import { ID_PATHS, POINT_PATHS } from "./head.js";
import { readingOf, readPoint } from "./point.js";
import { readStream, type StreamName } from "./stream.js";
import { FIT_TYPES } from "./types.js";

const PROGRESS_BYTES = 4 << 20;

/**
 * Reads one stream. Throws IMPORT_MALFORMED where it is no JSON, IMPORT_TRUNCATED where its end is missing; what stood
 * before is told.
 */
export async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  const { entry, file, signal, log } = context;
  yield {
    type: "identity",
    identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
    source: "google-fit",
    sourceName: "Google Fit",
  };
  const progress = (): SessionEvent => ({ type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes });
  const stream = await streamOf(context);
  const teller = new Teller("google-fit", context);
  if (stream !== null) {
    const known = FIT_TYPES.get(stream.type);
    if (known === undefined || !teller.wants(known.kind)) {
      log.info({ stream: stream.id }, "a stream of a type that is not imported");
      yield progress();
      return;
    }
  }
  const repeats = await repeatsOf(context, stream);
  if (repeats === "all") {
    log.info({ stream: stream?.id ?? null }, "a stream whose points other streams of the archive tell");
    yield progress();
    return;
  }
  let read = 0;
  let told = 0;
  let number = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const bytes of entry.open()) {
      signal.throwIfAborted();
      read += bytes.length;
      yield bytes;
    }
  }
  for await (const elements of jsonElements(counted(), POINT_PATHS)) {
    for (const element of elements) {
      number += 1;
      try {
        const point = readPoint(element, stream);
        if (point.known === null) teller.other(point.type);
        else if (repeats.has(point.origin)) teller.other("points that their own streams tell");
        else if (teller.wants(point.known.kind)) {
          const { name, content, reading } = readingOf(point, point.known);
          if (point.known.adds) teller.tell(name, reading);
          else teller.tellOnce(name, content, reading);
        }
      } catch (error) {
        teller.unfit(error, `Point ${number}`, element.raw);
      }
    }
    yield* teller.take();
    if (read - told >= PROGRESS_BYTES) {
      told = read;
      yield progress();
    }
  }
  if (number === 0 && stream === null)
    teller.unfit(new Unfit("nothing in it is a data point"), "The file", new Uint8Array());
  yield* teller.take();
  teller.end();
  yield progress();
}

/** The stream's id mostly stands in front; a file of another order is gone through for it once. Null if it has none. */
async function streamOf({ entry, signal }: FileSessionContext): Promise<StreamName | null> {
  try {
    for await (const [first] of jsonElements(entry.open(), ID_PATHS)) {
      signal.throwIfAborted();
      return readStream(jsonText(first?.value) ?? "");
    }
  } catch (error) {
    // Damage is told where it stands, behind the points that stand before it.
    if (!isProblem(error, "IMPORT_MALFORMED", "IMPORT_TRUNCATED")) throw error;
  }
  return null;
}

/**
 * Whose points this stream repeats: ids of streams that are in the archive themselves, or `all` of its points. What
 * measures is one reading wherever it stands, by its name; counts of steps are cut anew where they are merged, so of
 * those one standing is read only: apps' and devices' own streams, else the merged one, else the estimate.
 */
async function repeatsOf(
  { file, signal }: FileSessionContext,
  stream: StreamName | null,
): Promise<"all" | ReadonlySet<string>> {
  if (stream === null || stream.standing === "own") return new Set();
  const beside = (await streamsBeside(file, stream.type, signal)).filter(({ id }) => id !== stream.id);
  const own = beside.filter(({ standing }) => standing === "own");
  if (FIT_TYPES.get(stream.type)?.adds === true) {
    const better = stream.standing === "rest" ? beside.filter(({ standing }) => standing !== "rest") : own;
    return better.length > 0 ? "all" : new Set();
  }
  // A daily value or an estimate of what measures is no measurement.
  if (stream.standing === "rest") return "all";
  // A point that does not say whose it is bears this stream's own id: it is one of theirs too.
  return new Set(own.length === 0 ? [] : [stream.id, ...own.map(({ id }) => id)]);
}
