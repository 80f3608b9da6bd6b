import type { SessionEvent } from "../../../src/domain/reading.js";
import type { FileSessionContext } from "../../../src/kit/driver.js";
import { Batch } from "./batch.js";

/** A report in its course: gives what its bytes tell. */
export interface ReportReader {
  /** Takes the next bytes, of any number. Throws a Problem at damage, after all before it were told. */
  push(bytes: Uint8Array): Iterable<SessionEvent>;
  /** No more comes. Throws IMPORT_TRUNCATED unless the report was whole. */
  end(): Iterable<SessionEvent>;
}

/** Reads the entry in one pass. Whatever ends it, everything that stood before is told. */
export async function* readReport(
  { file, entry, signal }: FileSessionContext,
  reader: ReportReader,
): AsyncGenerator<SessionEvent, void, void> {
  const batch = new Batch();
  try {
    for await (const bytes of entry.open()) {
      signal.throwIfAborted();
      for (const event of reader.push(bytes)) yield* batch.take(event);
    }
    for (const event of reader.end()) yield* batch.take(event);
  } catch (error) {
    yield* batch.flush();
    throw error;
  }
  yield* batch.flush();
  yield { type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes };
}
