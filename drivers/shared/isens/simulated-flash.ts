import type { MeterSimulator, SimulatorOptions } from "../../../src/kit/driver.js";
import {
  asReading,
  below,
  PacedSpeaker,
  type SimulatedTest,
  seededRandom,
  simulatedMemory,
} from "../../../src/kit/simulated.js";

/** Milliseconds that one byte takes at 9600 baud, 8N1. */
const BYTE_MS = 10_000 / 9_600;
/** The greeting, and the answer of a meter of protocol 1. */
const GREETING = 0x80;
const GREETED = 0x20;
/** Models of the tests: letters, code on the wire, first record's address, room, and how the production count is written. */
const MODELS = {
  CSP: { code: 0x00, address: 0xc200, capacity: 250, base: 10 },
  CNP: { code: 0x03, address: 0xe200, capacity: 250, base: 10 },
  CLP: { code: 0x0d, address: 0xd200, capacity: 500, base: 10 },
  CVP: { code: 0x11, address: 0xe200, capacity: 500, base: 16 },
} as const;

/** A model that this simulator can be. */
export type FlashSimulatorModel = keyof typeof MODELS;

/**
 * A CareSens N of protocol 1, as its protocol describes it: its memory can be read by address, eight bytes at a time, and
 * that is all. It has no clock that can be read or set over the cable; requests to decline it leaves unanswered.
 */
export function simulateFlash(options: SimulatorOptions, model: FlashSimulatorModel = "CNP"): MeterSimulator {
  const { code, address, capacity, base } = MODELS[model];
  const traits = {
    capacity,
    low: 20,
    high: 600,
    seconds: true,
    meals: ["after"],
    control: true,
    ketone: false,
  } as const;
  const memory = simulatedMemory(options, traits);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  const random = seededRandom(options.seed ^ 0x0f1a);
  const [product, production, version] = [below(random, 60_000), below(random, 99), below(random, 26)];
  let declines = options.declines ?? 0;
  let heard: number[] = [];

  /** One byte of the memory: who it is at 1034, records from the model's address on, and nothing else. */
  function byteAt(place: number): number {
    const block = [product, production, code, version].flatMap(word);
    if (place >= 0x1034 && place < 0x1034 + 8) return block[place - 0x1034] ?? 0xff;
    const test = memory.tests()[Math.floor((place - address) / 8)];
    if (place < address || test === undefined) return 0xff;
    return record(test)[(place - address) % 8] ?? 0xff;
  }

  /** Answers a request for ten, which gives eight; anything else this meter does not hear. */
  function answer(request: readonly number[]): number[] {
    const nibbles = request.slice(1).map((byte) => byte & 0x0f);
    const tagged = request.slice(1).every((byte, at) => byte >> 4 === (at % 2 === 0 ? 1 : 2));
    const [a = 0, b = 0, c = 0, d = 0, high = 0, low = 0] = nibbles;
    if (!tagged || high * 16 + low !== 10) return [];
    declines -= 1;
    if (declines >= 0) return [];
    const from = a * 4096 + b * 256 + c * 16 + d;
    return Array.from({ length: 8 }, (_, at) => byteAt(from + at)).flatMap((byte) => [
      0x8b,
      0x10 + (byte >> 4),
      0x20 + (byte & 15),
    ]);
  }

  const count = production.toString(base).toUpperCase().padStart(2, "0");
  return {
    serial: `${model}${count}${String.fromCharCode(65 + version)}${String(product).padStart(5, "0")}`,
    usb: { vendorId: "0403", productId: "6001", ambiguous: true, source: "the cable that sheet a names" },
    clock: () => null,
    get memory() {
      return memory.tests().map((test) => asReading(test, traits));
    },
    receive(bytes, send) {
      heard = [...heard, ...bytes];
      while (heard.length > 0) {
        if (heard[0] === GREETING) void speaker.say(Uint8Array.of(GREETED), send);
        else if (heard[0] === 0x8b) {
          if (heard.length < 7) return;
          // The last byte of the request is shifted out below.
          void speaker.say(Uint8Array.from(answer(heard.slice(0, 7))), send);
          heard.splice(0, 6);
        }
        heard.shift();
      }
    },
  };
}

/** Eight bytes: the stamp, and the value with what it says of the test, low byte first. */
function record(test: SimulatedTest): number[] {
  const shown = test.amount < 20 ? 10 : test.amount > 600 ? 700 : test.amount;
  const marked = shown + (test.control ? 20_000 : 0) + (test.meal === "after" ? 10_000 : 0);
  return [...(test.deviceTime.slice(2).match(/\d\d/g) ?? []).map(Number), ...word(marked)];
}

function word(number: number): number[] {
  return [number & 0xff, number >> 8];
}
