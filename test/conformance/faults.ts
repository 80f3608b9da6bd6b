import { concat } from "../../src/kit/bytes.js";
import type { MeterDriver } from "../../src/kit/driver.js";
import type { Transcript, TranscriptEvent } from "../../src/kit/transcript.js";

/** How many bytes the meter sends in the transcript. */
export function meterBytes(transcript: Transcript): Uint8Array {
  return concat(transcript.events.flatMap((event) => (event.type === "report" ? [event.bytes] : [])));
}

/** All that the meter sent: over Bluetooth, values that were read too. */
export function sentBytes(driver: Pick<MeterDriver, "transport">, transcript: Transcript): Uint8Array {
  if (driver.transport !== "ble") return meterBytes(transcript);
  const sent = transcript.events.filter(({ type }) => type === "report" || type === "read");
  return concat(sent.flatMap((event) => ("bytes" in event ? [event.bytes] : [])));
}

/** The report that the meter's byte at that place is in. Throws if there is none. */
export function reportAt(transcript: Transcript, place: number): Uint8Array {
  let before = 0;
  for (const event of transcript.events) {
    if (event.type !== "report") continue;
    before += event.bytes.length;
    if (place < before) return event.bytes;
  }
  throw new RangeError(`the meter sends no byte ${place}`);
}

/** After how many of the meter's bytes a conversation can be cut: after any in a stream, between whole messages else. */
export function cuts(driver: Pick<MeterDriver, "transport">, transcript: Transcript): number[] {
  const { length } = meterBytes(transcript);
  if (driver.transport === "serial" || driver.transport === "usb") return Array.from({ length }, (_, place) => place);
  const ends = transcript.events
    .flatMap((event) => (event.type === "report" ? [event.bytes.length] : []))
    .map((_, index, sizes) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));
  return [0, ...ends].filter((end) => end < length);
}

/** A bit of the meter's bytes. */
export interface Bit {
  readonly place: number;
  readonly bit: number;
}

/** The head of a report or a block, where lengths, kinds and addresses stand, bytes. */
const HEAD_BYTES = 6;

/**
 * The bits that are turned over: all of a stream. Of a report or a block, all of its head, one of each byte behind it (another
 * one from byte to byte), and one in the zeros that fill it: a memory of some reports has ten thousand bits of text.
 */
export function turnable(driver: Pick<MeterDriver, "transport">, transcript: Transcript): Bit[] {
  const every = (place: number): Bit[] => Array.from({ length: 8 }, (_, bit) => ({ place, bit }));
  const { length } = meterBytes(transcript);
  if (driver.transport === "serial" || driver.transport === "usb")
    return Array.from({ length }, (_, place) => every(place)).flat();
  let from = 0;
  return transcript.events.flatMap((event) => {
    if (event.type !== "report") return [];
    const telling = Math.min(event.bytes.length, event.bytes.findLastIndex((byte) => byte !== 0) + 2);
    const start = from;
    from += event.bytes.length;
    return Array.from({ length: telling }, (_, at) =>
      at < HEAD_BYTES ? every(start + at) : [{ place: start + at, bit: at % 8 }],
    ).flat();
  });
}

/** The transcript up to that many bytes of the meter; then the cable is pulled, or nothing comes any more. */
export function cutAfter(transcript: Transcript, bytes: number, end: "unplugged" | "silence"): Transcript {
  const events: TranscriptEvent[] = [];
  let left = bytes;
  for (const event of transcript.events) {
    if (event.type === "report") {
      if (left < event.bytes.length) {
        if (left > 0) events.push({ ...event, bytes: event.bytes.slice(0, left) });
        break;
      }
      left -= event.bytes.length;
    }
    events.push(event);
  }
  if (end === "unplugged") events.push({ type: "unplugged", line: 0 });
  return { ...transcript, events };
}

/** The transcript with one bit of the meter's byte at that place turned over. */
export function flipBit(transcript: Transcript, place: number, bit: number): Transcript {
  let before = 0;
  const events = transcript.events.map((event) => {
    if (event.type !== "report") return event;
    const at = place - before;
    before += event.bytes.length;
    if (at < 0 || at >= event.bytes.length) return event;
    const bytes = Uint8Array.from(event.bytes, (byte, index) => (index === at ? byte ^ (1 << bit) : byte));
    return { ...event, bytes };
  });
  return { ...transcript, events };
}

/** The transcript with its report of that number and the next one in each other's place; null if no other follows. */
export function swapReports(transcript: Transcript, number: number): Transcript | null {
  const { events } = transcript;
  const next = events.findIndex(({ type }, at) => at > number && type === "report");
  const [one, other] = [events[number], events[next]];
  if (one?.type !== "report" || other === undefined) return null;
  // What the hub does between them it does because of the first.
  if (events.slice(number, next).some(({ type }) => type === "write" || type === "read")) return null;
  return { ...transcript, events: events.map((event, at) => (at === number ? other : at === next ? one : event)) };
}

/** The transcript with its event of that number replaced by others. */
export function replaceEvent(
  transcript: Transcript,
  number: number,
  by: (event: TranscriptEvent) => readonly TranscriptEvent[],
): Transcript {
  return { ...transcript, events: transcript.events.flatMap((event, at) => (at === number ? by(event) : [event])) };
}
