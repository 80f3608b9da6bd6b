import type { Clock } from "../domain/clock.js";
import type { Meal } from "../domain/record.js";
import { wallAt } from "../domain/zone.js";
import type { SimulatedReading, SimulatorOptions } from "./driver.js";

/** What kind of memory a virtual meter has. */
export interface MemoryTraits {
  /** How many tests it holds at most. */
  readonly capacity: number;
  /** What its display shows as a number, mg/dL; beyond these it says LO and HI. */
  readonly low: number;
  readonly high: number;
  /** Whether its stamps have seconds; without, they are cut off. */
  readonly seconds: boolean;
  /** Meals that it can mark. */
  readonly meals: readonly Meal[];
  readonly control: boolean;
  /** Takes ketone strips too. */
  readonly ketone: boolean;
}

/** One test as the virtual meter took it; how it is put on the wire is the simulator's matter. */
export interface SimulatedTest {
  /** Wall time by the meter's clock: `2015-03-21T16:45:24`. */
  readonly deviceTime: string;
  readonly kind: "glucose" | "ketone";
  /** Glucose: whole mg/dL, also beyond the display's range. Ketone: tenths of mmol/L, 0 to 80. */
  readonly amount: number;
  readonly control: boolean;
  readonly meal: Meal | null;
}

/** A virtual meter's memory: full of plausible tests, and growing if it is asked to. */
export interface SimulatedMemory {
  /** Newest first, with the tests that fell due since somebody last looked. */
  tests(): readonly SimulatedTest[];
  /** The meter's clock, wall time with seconds. */
  clock(): string;
}

/** A memory that its seed decides: mostly plain tests, now and then low, high, beyond the display, control or ketone. */
export function simulatedMemory(options: SimulatorOptions, traits: MemoryTraits): SimulatedMemory {
  const { clock, zone, clockErrorMs = 0, newReadingEveryMs } = options;
  const random = seededRandom(options.seed);
  const wall = (at: number): string => wallAt(zone, at + clockErrorMs).slice(0, 19);
  const stamp = (at: number): string => (traits.seconds ? wall(at) : `${wall(at).slice(0, 16)}:00`);
  const memory: SimulatedTest[] = [];
  let taken = clock.now();
  for (let test = 0; test < Math.min(options.count, traits.capacity); test += 1) {
    taken -= 60_000 * (45 + below(random, 480)) + 1_000 * below(random, 60);
    memory.push({ deviceTime: stamp(taken), ...plausible(random, traits) });
  }
  let nextAt = newReadingEveryMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + newReadingEveryMs;
  return {
    tests() {
      // No timer runs, so there is none to stop.
      while (nextAt <= clock.now()) {
        memory.unshift({ deviceTime: stamp(nextAt), ...plausible(random, traits) });
        nextAt += Math.max(1_000, Math.round((newReadingEveryMs ?? 0) * (0.75 + random() / 2)));
      }
      memory.length = Math.min(memory.length, traits.capacity);
      return memory;
    },
    clock: () => wall(clock.now()),
  };
}

/** What a hub should have of a test on a meter that sends whole mg/dL and tenths of mmol/L ketone. */
export function asReading(test: SimulatedTest, traits: Pick<MemoryTraits, "low" | "high">): SimulatedReading {
  const { deviceTime, kind, amount, control, meal } = test;
  if (kind === "ketone") {
    return { deviceTime, kind, value: amount / 10, unit: "mmol/L", outOfRange: null, control, meal };
  }
  const outOfRange = amount < traits.low ? "low" : amount > traits.high ? "high" : null;
  const value = Math.min(traits.high, Math.max(traits.low, amount));
  return { deviceTime, kind, value, unit: "mg/dL", outOfRange, control, meal };
}

/** A serial number in the given shape: `N` a digit, `A` a letter, anything else itself; decided by the seed. */
export function simulatedSerial(seed: number, shape: string): string {
  const random = seededRandom(seed ^ 0x5e7a1);
  return shape.replace(/[NA]/g, (place) => (place === "N" ? String(below(random, 10)) : letter(below(random, 24))));
}

/**
 * Sends bytes in dribbles at the pace of a line, one message after the other. A hub that has hung up misses the rest.
 */
export class PacedSpeaker {
  readonly #clock: Clock;
  readonly #byteMs: number;
  readonly #random: () => number;
  #last: Promise<void> = Promise.resolve();

  /** @param byteMs what one byte takes: 10 bits at 9600 baud are 1.04 ms */
  constructor(clock: Clock, byteMs: number, seed: number) {
    this.#clock = clock;
    this.#byteMs = byteMs;
    this.#random = seededRandom(~seed);
  }

  /** Resolves when all is sent; nobody needs to wait for it. */
  say(bytes: Uint8Array, send: (bytes: Uint8Array) => void): Promise<void> {
    this.#last = this.#last.then(() => this.#dribble(bytes, send)).catch(() => undefined);
    return this.#last;
  }

  async #dribble(bytes: Uint8Array, send: (bytes: Uint8Array) => void): Promise<void> {
    let owed = 0;
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + 1 + below(this.#random, 24));
      at += piece.length;
      owed += piece.length * this.#byteMs;
      await this.#clock.sleep(Math.floor(owed));
      owed -= Math.floor(owed);
      send(Uint8Array.from(piece));
    }
  }
}

/** A whole number from 0 to below the limit. */
export function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32, in the public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function letter(number: number): string {
  return "ABCDEFGHJKLMNPQRSTUVWXYZ".charAt(number);
}

function plausible(random: () => number, traits: MemoryTraits): Omit<SimulatedTest, "deviceTime"> {
  const lot = below(random, 100);
  const mealLot = below(random, 3);
  const mark = traits.meals[below(random, Math.max(1, traits.meals.length))] ?? null;
  const plain = 65 + below(random, mark === "after" ? 160 : 110);
  const spread = below(random, 1_000);
  const meal = mealLot === 0 ? null : mark;
  if (traits.control && lot < 3) return { kind: "glucose", amount: 97 + (spread % 30), control: true, meal: null };
  if (traits.ketone && lot >= 90) return { kind: "ketone", amount: 1 + (spread % 45), control: false, meal: null };
  let amount = plain;
  if (lot < 8) amount = traits.low + (spread % 45);
  else if (lot < 14) amount = 250 + (spread % (traits.high - 249));
  else if (lot < 16) amount = Math.max(1, traits.low - 1 - (spread % 12));
  else if (lot < 18) amount = traits.high + 1 + (spread % 60);
  return { kind: "glucose", amount, control: false, meal };
}
