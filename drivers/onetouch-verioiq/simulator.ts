import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { PacedSpeaker, type SimulatedTest, simulatedSerial } from "../../src/kit/simulated.js";
import { letters, little, SimulatedEar, settableMemory, spoken } from "../shared/lifescan/simulated.js";

/** Milliseconds that one byte takes at 38,400 baud, 8N1. */
const BYTE_MS = 10_000 / 38_400;
const EPOCH = "2000-01-01T00:00:00";
/** It marks meals and tests with control solution; its display shows 20 to 600 mg/dL. 750 tests: a vector of set b. */
const TRAITS = {
  capacity: 750,
  low: 20,
  high: 600,
  seconds: true,
  meals: ["before", "after"],
  control: true,
  ketone: false,
} as const;

/**
 * A OneTouch VerioIQ as its protocol describes it, with a memory that its seed decides. It takes both prefixes and
 * answers with the one it was asked with. It has no word for being erased.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "ANNAAANNN");
  const memory = settableMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  const ear = new SimulatedEar(options.clock);
  let declines = options.declines ?? 0;

  /** What stands behind the prefix: status 6 and data, or a refusal. */
  function answer([command, ...rest]: readonly number[]): number[] {
    const [first, second] = rest;
    if (command === 0x0b && second === 0x02) return [6, ...letters(serial), 0];
    if (command === 0x0d && first === 0x01) return [6, 11, ...letters("VQ_01.01.00"), 0];
    if (command === 0x09 && second === 0x02) return [6, options.unit === "mmol/L" ? 1 : 0, 0, 0, 0];
    if (command === 0x20 && first === 0x02) return [6, ...little(memory.seconds(EPOCH), 4)];
    if (command === 0x20 && first === 0x01 && rest.length === 5) {
      memory.set(EPOCH, whole(rest.slice(1)));
      return [6];
    }
    if (command === 0x27) return [6, ...little(memory.tests().length, 2)];
    const test = command === 0x21 ? memory.tests()[whole(rest)] : undefined;
    return test === undefined ? [8] : [6, ...record(test)];
  }

  function record({ deviceTime, amount, control, meal }: SimulatedTest): number[] {
    const mark = meal === "before" ? 1 : meal === "after" ? 2 : 0;
    const seconds = memory.seconds(EPOCH, deviceTime);
    return [...little(seconds, 4), ...little(amount, 2), control ? 1 : 0, mark, 0, 0];
  }

  return {
    serial,
    usb: { vendorId: "10c4", productId: "85a7", ambiguous: false, source: "the chip that both sheets name" },
    clock: () => memory.clock(),
    get memory() {
      return memory.readings();
    },
    receive(bytes, send) {
      for (const { link, message } of ear.hear(bytes)) {
        const [prefix = 0, ...words] = message;
        if (link !== 0 || (prefix !== 3 && prefix !== 4)) continue;
        declines -= 1;
        void speaker.say(spoken([prefix, ...(declines >= 0 ? [7] : answer(words))]), send);
      }
    },
  };
}

function whole(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
