import { Hash } from "./hash.js";
import { createTally } from "./tally.js";

/** What tells one sample of an export from another. */
export interface SampleName {
  readonly type: string;
  readonly sourceName: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Of the content: value, unit in one spelling; of a blood pressure the second value. */
  readonly value: number;
  readonly unit: string;
  readonly value2: number | null;
  /** See `SampleType`. */
  readonly additive: boolean;
  /** HKMetadataKeySyncIdentifier: the writing app's own name for the sample, the same in all its versions. */
  readonly syncIdentifier: string | null;
  /** HKMetadataKeySyncVersion; null where there is none. */
  readonly syncVersion: number | null;
  /** HKExternalUUID: the writing app's, not enforced to be unique: one may stand on a whole meal. */
  readonly externalUuid: string | null;
  /** Stands inside a correlation. */
  readonly child: boolean;
}

/**
 * Gives each sample of one import its permanent key, the same in every export of it; null for one that has been seen
 * before in this import (a correlation's child whose twin stands at the top level, a measurement written again). An
 * export has no sample ids, so the key is the app's own identifier where there is one, else type, source and instants;
 * then a number that tells apart those which agree in all of that, in the file's order. Neither value nor unit, printed
 * date, device or app version are in it: they change from one export to the next.
 */
export function createKeys(): (sample: SampleName) => string | null {
  const tally = createTally();
  const beginnings = createBeginnings();
  const hash = new Hash();
  const content = new Hash();
  return (sample) => {
    const { startMs, endMs, value, value2, child } = sample;
    content.copy(beginnings(sample.unit, "").hash);
    content.mix(value);
    if (value2 !== null) content.mix(value2);
    const given = sample.syncIdentifier ?? sample.externalUuid;
    const beginning = beginnings(sample.type, sample.sourceName);
    // Written as JSON writes a list, without making the list first.
    if (given !== null) {
      const how = sample.syncIdentifier === null ? "uuid" : "sync";
      const name = `["${how}",${beginning.text},${JSON.stringify(given)}]`;
      hash.copy(beginning.hash);
      hash.mixText(how);
      hash.mixText(given);
      content.mix(startMs);
      content.mix(endMs);
      return numbered(name, tally.distinct(hash, content.low));
    }
    const name = `["time",${beginning.text},"${startMs} ${endMs}"]`;
    timeHash(hash, beginning.hash, startMs, endMs);
    const number = sample.additive ? tally.next(hash, content.low, child) : tally.distinct(hash, content.low);
    return numbered(name, number);
  };
}

function numbered(name: string, number: number | null): string | null {
  return number === null ? null : `${name} ${number}`;
}

/** Sets the hash to that of a type and a source at a time. */
export function timeHash(hash: Hash, beginning: Hash, startMs: number, endMs: number): void {
  hash.copy(beginning);
  hash.mix(startMs);
  hash.mix(endMs);
}

/** Two words as JSON writes them in a list, and their hash. */
export interface Beginning {
  readonly text: string;
  readonly hash: Hash;
}

const MAX_KEPT = 1_000;

/** Makes the beginnings of names, and remembers them: there are few, of many samples. */
export function createBeginnings(): (first: string, second: string) => Beginning {
  const kept = new Map<string, Map<string, Beginning>>();
  let count = 0;
  return (first, second) => {
    let found = kept.get(first)?.get(second);
    if (found !== undefined) return found;
    if (count >= MAX_KEPT) {
      kept.clear();
      count = 0;
    }
    const text = `${JSON.stringify(first)},${JSON.stringify(second)}`;
    const hash = new Hash();
    hash.set(text);
    found = { text, hash };
    kept.set(first, (kept.get(first) ?? new Map<string, Beginning>()).set(second, found));
    count++;
    return found;
  };
}
