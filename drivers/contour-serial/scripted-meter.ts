import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";

/** What stands in the place of a frame: other bytes, or null for silence. `times` counts how often it was sent before. */
export type Change = (frame: Uint8Array, index: number, times: number) => Uint8Array | null;

/** A header of a meter with settings, and one result for each number of a memory. */
export const HEADER = "H|\\^&||e5iMFo|Bayer7150^2.04\\20.0^7150-1234567|U=0^V=20600|4|||||P|1|202405060807";
export const AVERAGE = "R|1|^^^GlucoseA|121|mg/dL^P|||||||";
export const END = "L|1||N";

/** The result of that number: one a minute, 1 to 24 hours of 60 minutes on each day. */
export function resultOf(number: number): string {
  const at = new Date(Date.UTC(2010, 0, 1) + number * 60_000).toISOString().replace(/[-T:]/g, "").slice(0, 12);
  return `R|${number}|^^^Glucose|${70 + (number % 200)}|mg/dL^P|||||||${at}`;
}

/**
 * A meter that sends these records, one frame for each ACK, and the same frame again for each NAK: for memories and
 * faults that the simulator does not have. It sends EOT after the last one and asks for the line when it hears EOT.
 */
export function scriptedMeter(
  records: readonly string[],
  change: Change = (frame) => frame,
): Pick<MeterSimulator, "receive" | "start"> {
  let at = -1;
  let times = 0;
  const enquire = (send: (bytes: Uint8Array) => void): void => {
    [at, times] = [-1, 0];
    send(Uint8Array.of(5));
  };
  const say = (send: (bytes: Uint8Array) => void): void => {
    if (at >= records.length) {
      send(Uint8Array.of(4));
      return;
    }
    const bytes = change(simulatedFrame(at + 1, records[at] ?? "", at === records.length - 1), at, times);
    times += 1;
    if (bytes !== null && bytes.length > 0) send(bytes);
  };
  return {
    start: enquire,
    receive(bytes, send) {
      for (const byte of bytes) {
        if (byte === 4) enquire(send);
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
