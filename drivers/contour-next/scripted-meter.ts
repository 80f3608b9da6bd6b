import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { HidSimulator } from "../../src/kit/driver.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";

/** What stands in the place of a frame: other bytes, or null for silence. `times` counts how often it was sent before. */
export type Change = (frame: Uint8Array, index: number, times: number) => Uint8Array | null;

/** A header of a Contour Next USB, and records as people's meters hold them. */
export const HEADER =
  "H|\\^&||w3Kp9d|Bayer7410^01.10\\01.04\\20.30^7410-2046813^7411-|A=1^U=0^V=20600|3||||||1|202405060807";
export const MMOL_HEADER = HEADER.replace("U=0", "U=1");
export const END = "L|1||N";

/** The result of that number: one a minute from the first of January 2010. */
export function resultOf(number: number): string {
  const at = new Date(Date.UTC(2010, 0, 1) + number * 60_000).toISOString().replace(/[-T:]/g, "").slice(0, 12);
  return `R|${number}|^^^Glucose|${70 + (number % 200)}|mg/dL^P||||${at}`.replace("||||", "||B||");
}

/** The stamp of that result as a reading has it. */
export function stampOf(number: number): string {
  return `${new Date(Date.UTC(2010, 0, 1) + number * 60_000).toISOString().slice(0, 16)}:00`;
}

/** Reports of 64 bytes that carry these bytes, 60 in each. */
export function reportsOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / 60) }, (_, index) => {
    const payload = bytes.slice(index * 60, index * 60 + 60);
    return concat([latin1Bytes("ABC"), Uint8Array.of(payload.length), payload, new Uint8Array(60 - payload.length)]);
  });
}

/**
 * A meter that sends these records, one frame for each ACK, the same frame again for each NAK, and EOT after the last one
 * (`ending`: or nothing). It begins with the first ACK, and anew after its end.
 */
export function scriptedMeter(
  records: readonly string[],
  change: Change = (frame) => frame,
  ending: "EOT" | "nothing" = "EOT",
): Pick<HidSimulator, "receive" | "reportBytes"> {
  let at = -1;
  let times = 0;
  const say = (send: (report: Uint8Array) => void): void => {
    if (at >= records.length) {
      at = -1;
      if (ending === "EOT") for (const report of reportsOf(Uint8Array.of(4))) send(report);
      return;
    }
    const bytes = change(simulatedFrame(at + 1, records[at] ?? "", at === records.length - 1), at, times);
    times += 1;
    if (bytes !== null) for (const report of reportsOf(bytes)) send(report);
  };
  return {
    reportBytes: 64,
    receive(report, send) {
      for (const byte of report.slice(5, 5 + (report[4] ?? 0))) {
        if (byte === 6) {
          [at, times] = [at + 1, 0];
          say(send);
        }
        if (byte === 21 && at >= 0) say(send);
      }
    },
  };
}

/** The bytes with the first occurrence of a text replaced by another: damage that no checksum allows. */
export function damaged(frame: Uint8Array, from: string, to: string): Uint8Array {
  return latin1Bytes(latin1(frame).replace(from, to));
}
