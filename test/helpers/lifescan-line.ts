import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, type Heard, inMemoryWords } from "./simulated-line.js";

/** Answers as the meter would, each of its LifeScan frames changed on the way; they count from 0. */
export function through(
  meter: Answerer,
  change: (frame: Uint8Array, number: number) => readonly Uint8Array[],
): Answerer & { sent(): number } {
  const rest: number[] = [];
  let number = 0;
  return {
    sent: () => number,
    receive: (bytes, send) =>
      meter.receive(bytes, (chunk) => {
        rest.push(...chunk);
        while (rest.length >= (rest[1] ?? Number.POSITIVE_INFINITY)) {
          const frame = Uint8Array.from(rest.splice(0, rest[1]));
          for (const changed of change(frame, number)) send(changed);
          number += 1;
        }
      }),
  };
}

/** A frame with one bit of its last byte of data turned over. */
export function damaged(frame: Uint8Array): Uint8Array {
  return frame.map((byte, at) => (at === frame.length - 4 ? byte ^ 0x20 : byte));
}

/** A line that now and then loses, damages, doubles or delays a frame; whatever comes behind a late one is as late. */
export function storm(meter: Answerer, clock: VirtualClock, random: () => number): Answerer {
  let behind: Promise<void> = Promise.resolve();
  return {
    receive: (bytes, send) => {
      const frames = through(meter, (frame) => {
        const lot = random();
        const pause = lot > 0.97 ? 3_000 * random() : 0;
        const copies = lot < 0.02 ? [] : lot < 0.04 ? [damaged(frame)] : lot < 0.06 ? [frame, frame] : [frame];
        behind = behind
          .then(() => (pause === 0 ? undefined : clock.sleep(pause)))
          .then(() => {
            for (const copy of copies) send(copy);
          });
        return [];
      });
      frames.receive(bytes, () => undefined);
    },
  };
}

/** What was told, in the words of a simulator's memory. */
export function told({ readings }: Heard): unknown[] {
  return readings.map(inMemoryWords);
}

/** What could not be understood, and how many bytes of it came. */
export function unreadables({ events }: Heard): { code: string; bytes: number }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, bytes: event.unreadable.raw.length }] : [],
  );
}
