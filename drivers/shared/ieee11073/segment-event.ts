import { Problem } from "../../../src/domain/problem.js";
import { MderReader, u16Bytes, u32Bytes } from "./mder.js";
import { ACTION } from "./nomenclature.js";

/** Flags of an event (first, last, confirmed: sheet a; the device giving up: from the standard). */
const FIRST = 0x8000;
const LAST = 0x4000;
const DEVICE_ABORTS = 0x0800;
const CONFIRMED = 0x0080;

/** Answers to the word that starts a transfer (sheet a). */
const STARTED = 0;
const EMPTY = 3;
const REASONS: ReadonlyMap<number, string> = new Map([
  [1, "it knows no such segment"],
  [2, "not now"],
]);

/** Some entries of a segment, as one event brings them. */
export interface SegmentEvent {
  readonly instance: number;
  /** Number of the first entry in the segment. */
  readonly index: number;
  readonly count: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** The device gives the transfer up. */
  readonly isAbort: boolean;
  readonly entries: Uint8Array;
}

/** Reads an event's information. Throws FRAME_MALFORMED for what does not fit, and for a flag that nobody has described. */
export function readSegmentEvent(info: Uint8Array): SegmentEvent {
  const reader = new MderReader(info, "A segment's data");
  const [instance, index, count, flags] = [reader.u16(), reader.u32(), reader.u32(), reader.u16()];
  const entries = reader.octets();
  reader.end();
  if ((flags & ~(FIRST | LAST | DEVICE_ABORTS)) !== 0) {
    throw new Problem("FRAME_MALFORMED", "A segment's data bear a flag that nobody has described.", { flags });
  }
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return { instance, index, count, isFirst: has(FIRST), isLast: has(LAST), isAbort: has(DEVICE_ABORTS), entries };
}

/** What confirms an event: its own description and one flag (sheet a). */
export function confirmation({ instance, index, count }: SegmentEvent): number[] {
  return [...u16Bytes(instance), ...u32Bytes(index), ...u32Bytes(count), ...u16Bytes(CONFIRMED)];
}

/**
 * Cuts an event's entries apart: by the map's length, or, without one, into as many of equal length as the event counts.
 * Throws FRAME_MALFORMED if the bytes are not that many.
 */
export function splitEntries(event: SegmentEvent, entryBytes: number | null): Uint8Array[] {
  const { entries, count } = event;
  if (count === 0 && entries.length === 0) return [];
  const size = entryBytes ?? entries.length / count;
  if (size < 1 || entries.length !== size * count || !Number.isInteger(size)) {
    // Without a map nobody knows what an entry is: all of them as one are still worth keeping.
    if (entryBytes === null && entries.length > 0) return [entries];
    throw new Problem("FRAME_MALFORMED", `${count} entries do not fit into ${entries.length} bytes.`);
  }
  return Array.from({ length: count }, (_, number) => entries.slice(number * size, (number + 1) * size));
}

/**
 * Reads the answer to the word that starts the transfer of that segment. Throws METER_REFUSED if the device declines,
 * FRAME_MALFORMED for another answer.
 */
export function readTransferStart(body: Uint8Array, storeHandle: number, instance: number): "started" | "empty" {
  const reader = new MderReader(body, "The answer about a segment");
  const [handle, action] = [reader.u16(), reader.u16()];
  const inner = reader.inner();
  reader.end();
  const [about, result] = [inner.u16(), inner.u16()];
  inner.end();
  if (handle !== storeHandle || action !== ACTION.transferSegment || about !== instance) {
    throw new Problem("FRAME_MALFORMED", "An answer is about another segment than was asked for.");
  }
  if (result === STARTED) return "started";
  if (result === EMPTY) return "empty";
  const reason = REASONS.get(result) ?? `its reason is ${result}`;
  throw new Problem("METER_REFUSED", `The meter does not send segment ${instance}: ${reason}.`, { instance, result });
}
