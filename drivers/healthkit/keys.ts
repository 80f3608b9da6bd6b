import { createTally } from "./tally.js";

/** What tells one sample of an export from another. */
export interface SampleName {
  readonly type: string;
  readonly sourceName: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Value and unit in one spelling. */
  readonly content: string;
  /** See `SampleType`. */
  readonly additive: boolean;
  /** HKMetadataKeySyncIdentifier: the writing app's own name for the sample, the same in all its versions. */
  readonly syncIdentifier: string | null;
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
  return (sample) => {
    const { type, sourceName, startMs, endMs, content, child } = sample;
    const given = sample.syncIdentifier ?? sample.externalUuid;
    const times = `${startMs} ${endMs}`;
    const how = sample.syncIdentifier !== null ? "sync" : sample.externalUuid !== null ? "uuid" : "time";
    const name = JSON.stringify([how, type, sourceName, given ?? times]);
    let number: number | null;
    if (given !== null) number = tally.distinct(name, `${times} ${content}`);
    else if (sample.additive) number = tally.next(name, content, child);
    else number = tally.distinct(name, content);
    return number === null ? null : `${name} ${number}`;
  };
}
