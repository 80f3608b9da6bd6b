import type { Clock } from "../domain/clock.js";
import type { MeterTransport } from "../kit/transport.js";
import { type RecordHeaders, type RecordingTransport, recordTransport } from "./record.js";
import { type RecordingBle, recordBle } from "./record-ble.js";
import { type RecordingBlock, recordBlock } from "./record-block.js";
import { type RecordingHid, recordHid } from "./record-hid.js";

/** A transport of any kind whose conversation is written down. */
export type RecordingMeter = RecordingTransport | RecordingHid | RecordingBlock | RecordingBle;

/** Writes down whatever kind of conversation goes through. Throws TRANSCRIPT_MALFORMED for headers that can't be written. */
export function recordMeter(inner: MeterTransport, clock: Clock, headers: RecordHeaders): RecordingMeter {
  if (inner.kind === "hid") return recordHid(inner, clock, headers);
  if (inner.kind === "block") return recordBlock(inner, clock, headers);
  if (inner.kind === "ble") return recordBle(inner, clock, headers);
  return recordTransport(inner, clock, headers);
}
