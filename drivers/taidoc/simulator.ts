import { wallMs } from "../../src/domain/zone.js";
import type { HidSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import {
  asReading,
  PacedSpeaker,
  type SimulatedTest,
  simulatedMemory,
  simulatedSerial,
} from "../../src/kit/simulated.js";
import { simulateBehindCp2110 } from "../shared/cp2110/simulated.js";

/** How many tests these meters hold is in neither sheet: a round number that takes more than one byte. */
const CAPACITY = 1_000;
/** Milliseconds that one byte takes at 19200 baud, 8N1. */
const BYTE_MS = 10_000 / 19_200;
const TRAITS = {
  capacity: CAPACITY,
  low: 20,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: true,
  ketone: true,
} as const;

/**
 * A TD-4277 behind its CP2110, as its protocol describes it: messages of eight bytes, records by number, 0 the newest. A
 * request that it declines it answers with the word that it enters its communication mode.
 */
export function simulate(options: SimulatorOptions): HidSimulator {
  const serial = simulatedSerial(options.seed, "NNNNNNNNNNNNNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  let declines = options.declines ?? 0;
  let setByMs = 0;
  let heard: number[] = [];

  const clock = (): string => `${new Date(wallMs(memory.clock()) + setByMs).toISOString().slice(0, 16)}:00`;

  /** What it says to a command; null for nothing. */
  function answer(command: number, data: readonly number[]): number[] | null {
    const test = memory.tests()[(data[0] ?? 0) + (data[1] ?? 0) * 256];
    if (command === 0x22) return [0, 0, 0, 0];
    if (command === 0x24) return [0x77, 0x42, 0, 0];
    if (command === 0x23) return stamp(clock());
    if (command === 0x28) return half(serial.slice(0, 8));
    if (command === 0x27) return half(serial.slice(8));
    if (command === 0x25) return test === undefined ? null : stamp(test.deviceTime);
    if (command === 0x26) return test === undefined ? null : value(test);
    if (command === 0x2b) {
      const count = memory.tests().length;
      return [count % 256, count >> 8, ...(count === 0 ? [0xff, 0xff] : [0, 0])];
    }
    if (command !== 0x33) return null;
    const [low = 0, high = 0, minute = 0, hour = 0] = data;
    const [year, month, day] = [2000 + (high >> 1), ((high & 1) << 3) | (low >> 5), low & 31];
    setByMs = Date.UTC(year, month - 1, day, hour, minute) - wallMs(memory.clock());
    return [...data];
  }

  const meter = {
    serial,
    usb: { vendorId: "10c4", productId: "ea80", ambiguous: true, source: "the chip that both sheets name" },
    clock,
    get memory(): readonly SimulatedReading[] {
      return memory.tests().map((test) => asReading(test, TRAITS));
    },
    receive(bytes: Uint8Array, send: (bytes: Uint8Array) => void) {
      heard = [...heard, ...bytes];
      while (heard.length >= 8) {
        const sum = heard.slice(0, 7).reduce((all, byte) => all + byte, 0) % 256;
        if (heard[0] !== 0x51 || heard[6] !== 0xa3 || heard[7] !== sum) {
          heard.shift();
          continue;
        }
        const [, command = 0, ...rest] = heard.splice(0, 8);
        declines -= 1;
        const [said, data] = declines >= 0 ? [0x54, [0, 0, 0, 0]] : [command, answer(command, rest.slice(0, 4))];
        if (data !== null) void speaker.say(frame(said, data), send);
      }
    },
  };
  return simulateBehindCp2110(meter, { baudRate: 19_200, usb: meter.usb });
}

/** Day in five bits, month in four across two bytes, year in seven; minute; hour. */
function stamp(wall: string): number[] {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = (wall.slice(2).match(/\d\d/g) ?? []).map(Number);
  return [day + (month % 8) * 32, year * 2 + (month >> 3), minute, hour];
}

/** The value, low byte first; a byte that says nothing; mark and kind. Ketone is in thirtieths of mmol/L. */
function value({ amount, kind, control, meal }: SimulatedTest): number[] {
  const mark = control ? 0xc0 : meal === "before" ? 0x40 : meal === "after" ? 0x80 : 0;
  const number = kind === "ketone" ? amount * 3 : amount;
  return [number % 256, number >> 8, 0, mark + (kind === "ketone" ? 7 * 4 : 0)];
}

/** Eight digits in four bytes, the last two digits first. */
function half(digits: string): number[] {
  return (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)).reverse();
}

function frame(command: number, data: readonly number[]): Uint8Array {
  const body = [0x51, command, ...data, 0xa5];
  return Uint8Array.from([...body, body.reduce((all, byte) => all + byte, 0) % 256]);
}
