import type { Clock } from "../../../src/domain/clock.js";
import { crc16CcittFalse } from "../../../src/kit/checksum.js";
import type { SimulatedReading, SimulatorOptions } from "../../../src/kit/driver.js";
import { asReading, type MemoryTraits, type SimulatedTest, simulatedMemory } from "../../../src/kit/simulated.js";

/** After that silence a virtual meter takes what it has heard of a message for noise, milliseconds. */
const PAUSE_MS = 300;

/** A message framed the meter's way. Written apart from the codec's, so that a mistake in one shows. */
export function spoken(message: readonly number[], link = 0): Uint8Array {
  const body = [0x02, message.length + 6, link, ...message, 0x03];
  const crc = crc16CcittFalse(Uint8Array.from(body));
  return Uint8Array.from([...body, crc % 256, Math.floor(crc / 256)]);
}

/** The bytes of a number, low byte first. */
export function little(value: number, bytes: 2 | 4): number[] {
  return Array.from({ length: bytes }, (_, place) => Math.floor(value / 256 ** place) % 256);
}

/** The characters of a text, one byte each. */
export function letters(text: string): number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}

/** What a virtual meter hears: whole sound messages with their link byte; other meters' words and noise it passes over. */
export class SimulatedEar {
  readonly #clock: Clock;
  #heard: number[] = [];
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The messages that these bytes complete. */
  hear(bytes: Uint8Array): { link: number; message: number[] }[] {
    if (this.#clock.now() - this.#lastMs > PAUSE_MS) this.#heard = [];
    this.#lastMs = this.#clock.now();
    this.#heard.push(...bytes);
    const messages: { link: number; message: number[] }[] = [];
    while (this.#heard.length >= 2) {
      const [start, length = 0] = this.#heard;
      if (start === 0x02 && length >= 6 && length <= 64) {
        if (this.#heard.length < length) break;
        const [link = 0, ...message] = this.#heard.slice(2, length - 3);
        if (String(spoken(message, link)) === String(this.#heard.slice(0, length))) {
          messages.push({ link, message });
          this.#heard.splice(0, length);
          continue;
        }
      }
      this.#heard.shift();
    }
    return messages;
  }
}

/** A virtual memory whose clock can be set: tests that are taken afterwards bear the new time. */
export interface SettableMemory {
  tests(): readonly SimulatedTest[];
  /** The same in a hub's words. */
  readings(): readonly SimulatedReading[];
  /** Wall time as the clock shows it. */
  clock(): string;
  /** Seconds that the clock shows, counted from that wall time. */
  seconds(epoch: string, wall?: string): number;
  set(epoch: string, seconds: number): void;
}

/** A memory as `simulatedMemory` makes it, with a clock that can be set. */
export function settableMemory(options: SimulatorOptions, traits: MemoryTraits): SettableMemory {
  const memory = simulatedMemory(options, traits);
  const stamped = new WeakMap<SimulatedTest, SimulatedTest>();
  let shiftMs = 0;
  const shifted = (wall: string): string =>
    new Date(Date.parse(`${wall}Z`) + shiftMs).toISOString().slice(0, "2024-05-06T07:08:09".length);
  const tests = (): SimulatedTest[] =>
    memory.tests().map((test) => {
      const known = stamped.get(test) ?? { ...test, deviceTime: shifted(test.deviceTime) };
      stamped.set(test, known);
      return known;
    });
  const clock = (): string => shifted(memory.clock());
  return {
    tests,
    readings: () => tests().map((test) => asReading(test, traits)),
    clock,
    seconds: (epoch, wall = clock()) => (Date.parse(`${wall}Z`) - Date.parse(`${epoch}Z`)) / 1_000,
    set(epoch, seconds) {
      // Whatever was taken until now keeps its stamp.
      tests();
      shiftMs = Date.parse(`${epoch}Z`) + seconds * 1_000 - Date.parse(`${memory.clock()}Z`);
    },
  };
}
