import type { SessionEvent } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import type { FileDriver, FileSessionContext } from "../../src/kit/driver.js";
import { bytesOf, problemOf } from "./bytes.js";
import { Damage } from "./damage.js";
import { foresee } from "./foresight.js";
import { Reader } from "./reader.js";
import { isHealthData } from "./recognise.js";
import { Scanner } from "./scanner.js";
import { SAMPLE_TYPES, typeTable } from "./types.js";

const PROGRESS_BYTES = 4 << 20;
const KINDS: readonly Kind[] = [...new Set(SAMPLE_TYPES.map((sample) => sample.kind))];

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
  const types = typeTable(context.kinds);
  const reader = new Reader(await foresee(bytesOf(entry, false), types, signal));
  const scanner = new Scanner(types, reader);
  const progress = (): SessionEvent => ({ type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes });
  let failure: unknown = null;
  try {
    const damage = yield* scan();
    if (damage !== null) failure = await problemOf(damage, entry);
  } catch (error) {
    failure = error;
  }
  // What stood before the damage is told first.
  reader.finish();
  yield* reader.take(true);
  const { copies, superseded } = reader;
  log.info({ copies, superseded, otherTypes: scanner.passedOver }, "records of the export that were not told");
  if (failure !== null) throw failure;
  yield progress();

  /** To the end of the export, or to its damage. */
  async function* scan(): AsyncGenerator<SessionEvent, Damage | null, void> {
    let [scanned, told] = [0, 0];
    for await (const bytes of bytesOf(entry, true)) {
      signal.throwIfAborted();
      const found = noticed(() => scanner.push(bytes));
      yield* reader.take(false);
      if (found !== null) return found;
      scanned += bytes.length;
      if (scanned - told < PROGRESS_BYTES) continue;
      told = scanned;
      yield* reader.take(true);
      yield progress();
    }
    return noticed(() => scanner.end());
  }
}

/** The damage that this comes upon, null if none. */
function noticed(work: () => void): Damage | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
}
