import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import {
  asReading,
  PacedSpeaker,
  type SimulatedTest,
  simulatedMemory,
  simulatedSerial,
} from "../../src/kit/simulated.js";

/** The memory holds 1,865 results; the display shows 20 to 600 mg/dL. */
const TRAITS = {
  capacity: 1_865,
  low: 20,
  high: 600,
  seconds: true,
  meals: ["before", "after"],
  control: false,
  ketone: false,
} as const;
/** One byte at 115200 baud, 8N1. */
const BYTE_MS = 10_000 / 115_200;

/**
 * A BGStar as its protocol describes it. It is silent at words that it does not know, and at requests that it declines.
 * It always shows mg/dL: how a meter for mmol/L talks is not known.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const { seed } = options;
  const serial = simulatedSerial(seed, "AAAANNNNNNNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, seed);
  let declines = options.declines ?? 0;
  let heard = "";

  function answer(words: string): string {
    const number = /^get glurec (\d{1,4})$/.exec(words)?.[1];
    if (number !== undefined) {
      const test = memory.tests()[Number(number)];
      return test === undefined ? "" : `200 glurec ${record(test)}\r`;
    }
    switch (words) {
      case "hello":
        return "200 hello BGST-EU\r";
      case "get serial":
        return `200 serial ${serial}\r`;
      case "get gluunit":
        return "200 gluunit mg/dL\r";
      case "get datetime":
        return `200 ${moment(memory.clock())}\r`;
      case "get glucount":
        return `200 glucount ${memory.tests().length}\r`;
      default:
        return "";
    }
  }

  return {
    serial,
    usb: { vendorId: "10c4", productId: "ea60", ambiguous: true, source: "the maker's cable" },
    // Read only: no word that sets it is known.
    clock: () => memory.clock(),
    get memory() {
      return memory.tests().map((test) => asReading(test, TRAITS));
    },
    receive(bytes, send) {
      const lines = `${heard}${String.fromCharCode(...bytes)}`.split("\r");
      heard = (lines.pop() ?? "").slice(-200);
      for (const words of lines) {
        if (declines > 0) declines -= 1;
        else
          void speaker.say(
            Uint8Array.from(answer(words), (character) => character.charCodeAt(0)),
            send,
          );
      }
    },
  };
}

/** Two digits that nobody has explained, value, meal from 0 to 6 by the hour, and the moment. */
function record(test: SimulatedTest): string {
  const hour = Number(test.deviceTime.slice(11, 13));
  const first = hour < 10 ? 1 : hour < 16 ? 3 : 5;
  const meal = test.meal === null ? 0 : test.meal === "before" ? first : first + 1;
  return `1 ${test.amount % 3} ${test.amount} ${meal} ${moment(test.deviceTime)}`;
}

/** `2015-03-21T06:05:04` the way the meter writes it: `2015 3 21 6 5 4`. */
function moment(wall: string): string {
  return wall.split(/[-T:]/).map(Number).join(" ");
}
