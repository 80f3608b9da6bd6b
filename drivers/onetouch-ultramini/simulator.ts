import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { PacedSpeaker, type SimulatedTest, simulatedSerial } from "../../src/kit/simulated.js";
import { letters, little, SimulatedEar, settableMemory, spoken } from "../shared/lifescan/simulated.js";

/** Milliseconds that one byte takes at 9600 baud, 8N1. */
const BYTE_MS = 10_000 / 9_600;
const EPOCH = "1970-01-01T00:00:00";
/** It marks neither meals nor tests with control solution; its display shows 20 to 600 mg/dL. */
const TRAITS = {
  capacity: 500,
  low: 20,
  high: 600,
  seconds: true,
  meals: [],
  control: false,
  ketone: false,
} as const;

/**
 * A OneTouch UltraMini as its protocol describes it, with a memory that its seed decides. It acknowledges each request
 * before it answers, passes over requests out of their turn, and answers again with the same number until that was
 * acknowledged. It has no word for being erased.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "ANNNANNNN");
  const memory = settableMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  const ear = new SimulatedEar(options.clock);
  const ok = (...data: number[]): number[] => [0x05, 0x06, ...data];
  let declines = options.declines ?? 0;
  let awaited = 0;
  let number = 0;

  function answer(message: readonly number[]): number[] {
    const [prefix, command, selector] = message;
    if (prefix !== 0x05) return [0x05, 0x09];
    if (command === 0x0d && selector === 0x02) return ok(17, ...letters("P02.00.0025/05/07"));
    if (command === 0x0b && message.length === 12) return ok(...letters(serial));
    if (command === 0x09 && message.length === 8) return ok(options.unit === "mmol/L" ? 1 : 0, 0, 0, 0);
    if (command === 0x20 && selector === 0x02) return ok(...little(memory.seconds(EPOCH), 4));
    if (command === 0x20 && selector === 0x01 && message.length === 7) {
      memory.set(EPOCH, whole(message.slice(3)));
      return ok(...message.slice(3));
    }
    if (command !== 0x1f || message.length !== 4) return [0x05, 0x09];
    const tests = memory.tests();
    const test = tests[whole(message.slice(2))];
    // With and without the prefix, as the sheets can be read.
    const absent = options.seed % 2 === 0 ? [0x0f] : [0x05, 0x0f];
    return test === undefined ? [...absent, ...little(tests.length, 2)] : ok(...record(test));
  }

  function record(test: SimulatedTest): number[] {
    const value = test.amount < TRAITS.low ? 0xfffe : test.amount > TRAITS.high ? 0xffff : test.amount;
    return [...little(memory.seconds(EPOCH, test.deviceTime), 4), ...little(value, 4)];
  }

  return {
    serial,
    usb: { vendorId: "067b", productId: "2303", ambiguous: true, source: "the cable that both sheets name" },
    clock: () => memory.clock(),
    get memory() {
      return memory.readings();
    },
    receive(bytes, send) {
      const say = (link: number, message: readonly number[]): void => {
        void speaker.say(spoken(message, link), send);
      };
      for (const { link, message } of ear.hear(bytes)) {
        if ((link & 0x08) !== 0) {
          awaited = 0;
          number = 0;
          say(0x0c, []);
        } else if (message.length === 0) {
          // An acknowledgement: the other side now expects the next number.
          if ((link & 0x04) !== 0 && (link & 0x02) / 2 !== number) number = 1 - number;
        } else if ((link & 0x01) === awaited) {
          awaited = 1 - awaited;
          say(0x04 + 2 * awaited + number, []);
          declines -= 1;
          say(2 * awaited + number, declines >= 0 ? [0x05, 0x07] : answer(message));
        }
      }
    },
  };
}

function whole(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
