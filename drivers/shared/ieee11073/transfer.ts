import { Problem } from "../../../src/domain/problem.js";
import { unlessMalformed } from "./dialogue.js";
import type { Manager } from "./manager.js";
import { transferRequest } from "./requests.js";
import { confirmation, readSegmentEvent, readTransferStart, splitEntries } from "./segment-event.js";
import type { Segment } from "./segments.js";

/** Most entries that one segment is believed to have: well beyond the memory of any meter known. */
export const SEGMENT_ENTRIES = 2_000;
/** Most bytes of one entry. */
const ENTRY_BYTES = 64;
/** Events without an entry, or repeated, that are borne in one transfer. */
const IDLE_EVENTS = 64;

/** How a transfer ended: with all entries from the first to the last, or with what went wrong. */
export interface TransferEnd {
  readonly problem: Problem | null;
  /** Whether any event came at all. */
  readonly began: boolean;
}

/**
 * Has one segment sent, once, and gives its entries as each event brings them, in the device's order; an event that comes
 * twice is given once. Each event is confirmed after the caller has taken its entries. Throws METER_REFUSED if the device
 * declines to begin, METER_STALLED if it does not answer; what goes wrong later is in the end that is returned.
 */
export async function* transferSegment(
  manager: Manager,
  storeHandle: number,
  { instance, map }: Segment,
): AsyncGenerator<readonly Uint8Array[], TransferEnd, void> {
  const request = transferRequest(storeHandle, instance);
  const start = await manager.ask(request, (body) => readTransferStart(body, storeHandle, instance));
  if (start === "empty") return { problem: null, began: true };
  let next: number | null = null;
  let total = 0;
  let idle = 0;
  let gap = false;
  for (;;) {
    const report = await manager.nextSegmentData();
    if (report instanceof Problem) return { problem: report, began: next !== null };
    const read = unlessMalformed(() => {
      const event = readSegmentEvent(report.info);
      return { event, entries: splitEntries(event, map?.entryBytes ?? null) };
    });
    if (read instanceof Problem) return { problem: read, began: true };
    const { event, entries } = read;
    const isRepeated = next !== null && event.index + event.count <= next && event.count > 0;
    if (event.instance !== instance) return { problem: another(instance, event.instance), began: true };
    idle += isRepeated || event.count === 0 ? 1 : 0;
    if (!isRepeated) {
      gap ||= next === null ? !event.isFirst : event.index !== next;
      next = event.index + event.count;
      total += entries.length;
      if (entries.length > 0) yield entries;
    }
    if (total > SEGMENT_ENTRIES || idle > IDLE_EVENTS || entries.some(({ length }) => length > ENTRY_BYTES)) {
      throw new Problem("FRAME_MALFORMED", "A segment is larger than any meter's memory.", { instance, total });
    }
    await manager.confirm(report, confirmation(event));
    if (event.isAbort) return { problem: gaveUp(instance), began: true };
    if (event.isLast && !isRepeated) return { problem: gap ? gapIn(instance) : null, began: true };
  }
}

function another(wanted: number, got: number): Problem {
  return new Problem("FRAME_MALFORMED", `Data of segment ${got} came instead of segment ${wanted}.`);
}

function gaveUp(instance: number): Problem {
  return new Problem("METER_REFUSED", `The meter gave up in the middle of segment ${instance}.`);
}

function gapIn(instance: number): Problem {
  return new Problem("FRAME_TRUNCATED", `Entries of segment ${instance} did not come.`);
}
