import { glucoseOf, SENSOR_LIMITS } from "../amounts.js";
import { fieldsOf, malformed, numberAt } from "../fields.js";
import { readingOf, whenOf } from "../reading.js";
import type { Told } from "../tell.js";
import type { LibreColumns } from "./columns.js";
import { columnsFor, isWithoutValue } from "./record.js";

/** What a record of `$history?` is (sheet b): the sensor's own value of every quarter of an hour. */
const HISTORY = 12;

/**
 * What a record of `$history?` tells. The reader's layout is known by the number of its columns. Throws FRAME_MALFORMED for
 * one that is not understood.
 */
export function readHistory(line: Uint8Array, readers: readonly LibreColumns[]): readonly Told[] {
  const fields = fieldsOf(line);
  const { history } = columnsFor(fields, readers, (one) => [one.history.columns]);
  if (numberAt(fields, 1) !== HISTORY) throw malformed(fields, 1, "names a kind of record that is not known here");
  const number = numberAt(fields, 0);
  const value = numberAt(fields, history.value);
  if (isWithoutValue(fields, history.error, value)) return [{ passedOver: "the sensor had no value" }];
  const when = whenOf(fields, 2, true, 8);
  const reading = readingOf(
    {
      ...glucoseOf(value, SENSOR_LIMITS, fields, history.value),
      deviceTime: when.deviceTime,
      specimen: "interstitial",
      notes: when.notes,
      index: number,
      order: number,
      // A scan of the same second may have the same value.
      asSent: `history ${value}`,
    },
    fields,
  );
  return [{ reading }];
}
