import { isProblem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceIdentity } from "../../../src/domain/reading.js";
import type { Kind } from "../../../src/domain/record.js";
import type { FileSessionContext } from "../../../src/kit/driver.js";
import { jsonElements } from "../json/elements.js";
import type { JsonElement, JsonPath } from "../json/reader.js";
import { Teller } from "./teller.js";
import { Unfit } from "./unfit.js";

/** How often progress is told, bytes read. */
const PROGRESS_BYTES = 4_000_000;

/** What a driver gives `readJson`. */
export interface JsonFormat {
  /** The driver's id. */
  readonly id: string;
  readonly identity: SourceIdentity;
  /** For people, as records show it. */
  readonly sourceName: string;
  readonly kinds: readonly Kind[];
  /** Where the values stand of which each is a reading, or several. */
  readonly paths: readonly JsonPath[];
  /** Tells what one of them says. Throws Unfit for one that should be a reading and is none. */
  tell(element: JsonElement, teller: Teller): void;
}

/**
 * Reads a JSON export in one pass, value by value, in constant memory. Throws IMPORT_MALFORMED where it is no JSON and
 * IMPORT_TRUNCATED where its end is missing, after all that stood before has been told.
 */
export async function* readJson(
  format: JsonFormat,
  context: FileSessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  const { file, entry, signal } = context;
  yield { type: "identity", identity: format.identity, source: "file", sourceName: format.sourceName };
  yield { type: "clock", deviceTime: null };
  if (context.kinds !== null && !format.kinds.some((kind) => context.kinds?.has(kind) === true)) return;
  const teller = new Teller(format.id, context);
  let told = file.position();
  try {
    for await (const elements of jsonElements(entry.open(), format.paths)) {
      signal.throwIfAborted();
      for (const element of elements) tellElement(format, element, teller);
      yield* teller.take();
      if (file.position() - told >= PROGRESS_BYTES) {
        told = file.position();
        yield { type: "progress", doneBytes: told, totalBytes: file.sizeBytes };
      }
    }
  } catch (error) {
    if (isProblem(error)) teller.end();
    throw error;
  }
  teller.end();
  yield { type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes };
}

function tellElement(format: JsonFormat, element: JsonElement, teller: Teller): void {
  try {
    if (element.fault !== null) throw new Unfit(element.fault);
    format.tell(element, teller);
  } catch (error) {
    teller.unfit(error, `What stands at byte ${element.offset}`, element.raw);
  }
}
