import { concat } from "../../../src/kit/bytes.js";

/** From where to where the stream's bytes stand in an input report, also in a damaged one. */
export type PlaceOf = (report: Uint8Array) => readonly [from: number, to: number];

/**
 * The reports with the stream that they carry replaced by what `edit` makes of it, byte for byte; everything around it
 * stays. Messages that cross reports are so seen whole.
 */
export function editPayloads(
  reports: readonly Uint8Array[],
  placeOf: PlaceOf,
  edit: (stream: Uint8Array) => Uint8Array,
): Uint8Array[] {
  const stream = edit(concat(reports.map((report) => report.subarray(...placeOf(report)))));
  let at = 0;
  return reports.map((report) => {
    const [from, to] = placeOf(report);
    const out = Uint8Array.from(report);
    out.set(stream.subarray(at, at + (to - from)), from);
    at += to - from;
    return out;
  });
}
