import { Damage } from "./damage.js";
import type { Element, ElementSink } from "./element.js";
import { Hash } from "./hash.js";
import { HashTable } from "./hash-table.js";
import { createBeginnings, type SampleName, timeHash } from "./keys.js";
import { nothingUnderstood, said, type Understood, understand, versionOf } from "./map.js";
import { arePair } from "./pressure.js";
import { createRecordParser } from "./record.js";
import { Scanner } from "./scanner.js";
import type { SampleType, TypeTable } from "./types.js";

/** What must be known of the whole export before the first reading is told. */
export interface Foresight {
  /** True if the export holds this sample in a greater version (HKMetadataKeySyncVersion). */
  superseded(name: SampleName): boolean;
  /** True if a correlation holds this half of a blood pressure with its other half. */
  correlated(name: SampleName): boolean;
}

/**
 * Looks through the export once. Damage ends the look and not the import: what is told later ends there too. Throws what
 * the chunks throw, and the signal's reason.
 */
export async function foresee(
  chunks: AsyncIterable<Uint8Array>,
  types: TypeTable,
  signal: AbortSignal,
): Promise<Foresight> {
  const looker = new Looker();
  const scanner = new Scanner(types, looker);
  let sound = true;
  for await (const bytes of chunks) {
    signal.throwIfAborted();
    // To the end all the same: the chunks prove themselves there.
    if (!sound) continue;
    try {
      scanner.push(bytes);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      sound = false;
    }
  }
  return looker.foresight();
}

const doubles = (length: number): Float64Array => new Float64Array(length);

class Looker implements ElementSink {
  readonly #parser = createRecordParser();
  readonly #beginnings = createBeginnings();
  readonly #hash = new Hash();
  /** The version of each sample that has one, and the greatest of those that have several. */
  #versions = new HashTable(doubles);
  readonly #greatest = new HashTable(doubles);
  readonly #correlated = new HashTable();
  #halves: Understood[] = [];

  record(element: Element, sample: SampleType | null): void {
    if (sample === null) return;
    if (element.half && sample.half !== null) {
      const known = nothingUnderstood();
      if (understand(this.#parser.record(element, sample), this.#parser.metadata(element), known) === null)
        this.#halves.push(known);
    }
    // A version and what it is a version of.
    if (element.entries >= 2) this.#version(element, sample);
  }

  pressure(): void {
    const halves = this.#halves;
    this.#halves = [];
    if (!arePair(halves)) return;
    for (const name of halves) this.#correlated.put(this.#halfHash(name), 1);
  }

  foresight(): Foresight {
    // Needed no more.
    this.#versions = new HashTable();
    return {
      superseded: (name) => {
        const { syncIdentifier, syncVersion } = name;
        if (syncIdentifier === null || syncVersion === null) return false;
        this.#syncHash(name.type, name.sourceName, syncIdentifier);
        return this.#greatest.find(this.#hash) > syncVersion;
      },
      correlated: (name) => this.#correlated.find(this.#halfHash(name)) !== -1,
    };
  }

  #version(element: Element, sample: SampleType): void {
    const metadata = this.#parser.metadata(element);
    const version = versionOf(metadata);
    const syncIdentifier = said(metadata, "HKMetadataKeySyncIdentifier");
    if (version === null || syncIdentifier === null) return;
    const { sourceName } = this.#parser.origin(element);
    if (sourceName === null) return;
    this.#syncHash(sample.type, sourceName, syncIdentifier);
    const known = this.#versions.find(this.#hash);
    if (known === -1) this.#versions.put(this.#hash, version);
    else if (known !== version) {
      this.#greatest.put(this.#hash, Math.max(known, version, this.#greatest.find(this.#hash)));
    }
  }

  #syncHash(type: string, sourceName: string, syncIdentifier: string): void {
    this.#hash.copy(this.#beginnings(type, sourceName).hash);
    this.#hash.mixText(syncIdentifier);
  }

  #halfHash(name: SampleName): Hash {
    timeHash(this.#hash, this.#beginnings(name.type, name.sourceName).hash, name.startMs, name.endMs);
    this.#hash.mix(name.value);
    return this.#hash;
  }
}
