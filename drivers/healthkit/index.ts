import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import type { FileDriver, FileSessionContext } from "../../src/kit/driver.js";
import { createDevices } from "./device.js";
import { createKeys } from "./keys.js";
import { mapRecord } from "./map.js";
import { createOffsets } from "./offsets.js";
import { isHealthData } from "./recognise.js";
import { createScanner, type ScannedRecord } from "./scanner.js";
import { SAMPLE_TYPES } from "./types.js";

const BATCH = 500;
const PROGRESS_BYTES = 4 << 20;
const KINDS: readonly Kind[] = [...SAMPLE_TYPES.values()].map((sample) => sample.kind);

/**
 * The Apple Health export (`export.xml`, alone or in its archive). Everything about the format and what is made of it
 * stands in this folder's README.
 */
export const healthkit: FileDriver = {
  id: "healthkit",
  maker: "Apple",
  models: ["Apple Health export"],
  transport: "file",
  source: "healthkit",
  kinds: KINDS,
  evidence: "capture",
  // Its own name for the document is all that stays the same: the file's is in the phone's language.
  recognise: (_entry, head) => isHealthData(head),
  session,
};

async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  const { file, entry, signal, log } = context;
  yield {
    type: "identity",
    identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
    source: "healthkit",
    sourceName: "Apple Health",
  };
  let records: ScannedRecord[] = [];
  const reader = createReader();
  const scanner = createScanner(isWanted(context.kinds), (record) => records.push(record));
  const progress = (): SessionEvent => ({ type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes });
  let scanned = 0;
  let told = 0;
  try {
    for await (const bytes of entry.open()) {
      signal.throwIfAborted();
      let damage: { readonly error: unknown } | null = null;
      try {
        scanner.push(bytes);
      } catch (error) {
        // What stood before the damage is told first.
        damage = { error };
      }
      yield* reader.read(records);
      records = [];
      if (damage !== null) throw damage.error;
      scanned += bytes.length;
      if (scanned - told >= PROGRESS_BYTES) {
        told = scanned;
        yield* reader.flush();
        yield progress();
      }
    }
    scanner.end();
  } catch (error) {
    yield* reader.flush();
    throw error;
  } finally {
    if (reader.copies() > 0) log.info({ copies: reader.copies() }, "records that stand in the export more than once");
  }
  yield* reader.flush();
  yield progress();
}

function isWanted(kinds: ReadonlySet<Kind> | null): (type: string) => boolean {
  return (type) => {
    const sample = SAMPLE_TYPES.get(type);
    return sample !== undefined && (kinds === null || kinds.has(sample.kind));
  };
}

/** Turns records into events in their order, readings in batches. */
function createReader(): {
  read(records: readonly ScannedRecord[]): Generator<SessionEvent, void, void>;
  flush(): Generator<SessionEvent, void, void>;
  copies(): number;
} {
  const keyOf = createKeys();
  const lookups = { offsetOf: createOffsets(), deviceOf: createDevices() };
  let batch: SourceReading[] = [];
  let copies = 0;
  function* flush(): Generator<SessionEvent, void, void> {
    if (batch.length === 0) return;
    const readings = batch;
    batch = [];
    yield { type: "readings", readings };
  }
  return {
    *read(records) {
      for (const record of records) {
        const mapped = mapRecord(record, lookups);
        if ("code" in mapped) {
          yield* flush();
          yield { type: "unreadable", unreadable: mapped };
          continue;
        }
        const sourceKey = keyOf(mapped.name);
        if (sourceKey === null) copies++;
        else batch.push({ ...mapped.reading, sourceKey });
        if (batch.length >= BATCH) yield* flush();
      }
    },
    flush,
    copies: () => copies,
  };
}
