import { Problem } from "../../../src/domain/problem.js";
import { concat } from "../../../src/kit/bytes.js";
import type { HidTransport, StreamTransport } from "../../../src/kit/transport.js";

/** Where a report carries bytes of the stream: from there up to, not with, there. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

/** How a device puts a stream of bytes into its reports. */
export interface Packing {
  /** Most bytes that one report carries to the device. */
  readonly room: number;
  /** The report, its id in front, that carries these bytes to the device. */
  pack(bytes: Uint8Array): Uint8Array;
  /** Where a report of the device carries bytes; null for one that contradicts itself or is none of the stream's. */
  carried(report: Uint8Array): Place | null;
}

/** Reports in a row without a byte of the stream after which the device counts as another one. */
const STRAY_REPORTS = 4_096;

/**
 * The stream that a device carries in its reports. A report that can't be one gives nothing: what it held is missing, and
 * whoever checks the messages asks again. Throws FRAME_MALFORMED when nothing but such reports comes.
 */
export function reportStream(hid: HidTransport, packing: Packing): StreamTransport {
  return {
    kind: "stream",
    name: hid.name,
    async read(signal) {
      for (let stray = 0; stray < STRAY_REPORTS; stray += 1) {
        const report = await hid.read(signal);
        const place = packing.carried(report);
        if (place !== null && place.to > place.from) return report.slice(place.from, place.to);
      }
      throw new Problem("FRAME_MALFORMED", "The device sends nothing but reports that carry no bytes.");
    },
    async write(bytes, signal) {
      for (let at = 0; at < bytes.length; at += packing.room) {
        await hid.write(packing.pack(bytes.slice(at, at + packing.room)), signal);
      }
    },
    close: () => hid.close(),
  };
}

/**
 * The device's reports with their stream blanked: as many, each as long, ids and padding as they were. If the head of a
 * report is damaged, a serial number may stand where it carries nothing: such bytes become what they would if all behind
 * the id were the stream's.
 */
export function blankReports(
  reports: readonly Uint8Array[],
  packing: Packing,
  blankStream: (stream: Uint8Array) => Uint8Array,
): Uint8Array[] {
  const carried = reports.map((report) => packing.carried(report) ?? NOTHING);
  const suspected = reports.map((report, at) => {
    const { from, to } = carried[at] ?? NOTHING;
    const isWhole = to > from && report.subarray(to).every((byte) => byte === 0);
    return isWhole ? { from, to } : { from: 1, to: report.length };
  });
  const [blanked, wider] = [carried, suspected].map((places) => blankPlaces(reports, places, blankStream));
  return reports.map((report, at) => {
    const { from, to } = carried[at] ?? NOTHING;
    const out = Uint8Array.from(wider?.[at] ?? report);
    if (to > from) out.set(blanked?.[at]?.subarray(from, to) ?? [], from);
    return out;
  });
}

/** Where a report carries nothing. */
const NOTHING: Place = { from: 0, to: 0 };

/** The reports with what stands at these places, one after the other, blanked. */
function blankPlaces(
  reports: readonly Uint8Array[],
  places: readonly Place[],
  blankStream: (stream: Uint8Array) => Uint8Array,
): Uint8Array[] {
  const stream = blankStream(concat(reports.map((report, at) => report.slice(places[at]?.from, places[at]?.to))));
  let done = 0;
  return reports.map((report, at) => {
    const { from, to } = places[at] ?? NOTHING;
    const out = Uint8Array.from(report);
    if (to > from) out.set(stream.slice(done, done + to - from), from);
    done += Math.max(0, to - from);
    return out;
  });
}
