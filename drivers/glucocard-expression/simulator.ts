import { wallMs } from "../../src/domain/zone.js";
import type { MeterSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { PacedSpeaker, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";

const CAPACITY = 300;
/** Milliseconds that one byte takes at 19200 baud, 8N1. */
const BYTE_MS = 10_000 / 19_200;
const PACKET = 11;
/** From 600 on it shows HI, from 20 down LO; its stamps have no seconds, and it marks nothing but control solution. */
const TRAITS = {
  capacity: CAPACITY,
  low: 20,
  high: 600,
  seconds: false,
  meals: [],
  control: true,
  ketone: false,
} as const;

/**
 * A Glucocard Expression in its menu "PC Link", as its protocol describes it, with a memory that its seed decides. It
 * hears packets whose checksum is right and nothing else; a request that it declines it leaves unanswered. A model of
 * mmol/L marks its records so: of those a hub can make nothing.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "ANNNNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  const inMmol = options.unit === "mmol/L";
  let declines = options.declines ?? 0;
  let setByMs = 0;
  let heard: number[] = [];

  const clock = (): string => new Date(wallMs(memory.clock()) + setByMs).toISOString().slice(0, 19);

  function answer(operation: number, payload: readonly number[]): number[][] {
    if (operation === 0x00) return [[1]];
    if (operation === 0x07) return [packedClock(clock())];
    if (operation === 0x0f) return [Array.from(serial, (letter) => letter.charCodeAt(0)).reverse()];
    if (operation === 0x16) {
      const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = payload;
      setByMs = Date.UTC(2000 + year, month - 1, day, hour, minute) - wallMs(memory.clock());
      return [[1]];
    }
    if (operation !== 0x10) return [];
    const tests = memory.tests();
    return Array.from({ length: CAPACITY }, (_, place) => {
      const test = tests[place];
      return test === undefined ? Array.from({ length: 8 }, () => 0xff) : record(test, inMmol);
    });
  }

  return {
    serial,
    usb: { vendorId: "067b", productId: "2303", ambiguous: true, source: "the cable that sheet a names" },
    clock,
    get memory() {
      return inMmol ? [] : memory.tests().map(asShown);
    },
    receive(bytes, send) {
      heard = [...heard, ...bytes];
      for (; heard.length >= PACKET; heard.shift()) {
        const [start = 0, operation = 0, ...rest] = heard.slice(0, PACKET);
        if (start !== 0xaa || total([operation, ...rest.slice(0, 8)]) !== rest[8]) continue;
        heard.splice(0, PACKET - 1);
        declines -= 1;
        if (declines >= 0) continue;
        const packets = answer(operation, rest.slice(0, 8)).flatMap((payload) => packet(operation, payload));
        void speaker.say(Uint8Array.from(packets), send);
      }
    },
  };
}

function packet(operation: number, payload: readonly number[]): number[] {
  const body = [operation, ...payload, 0, 0, 0, 0, 0, 0, 0].slice(0, 9);
  return [0xdd, ...body, total(body)];
}

function total(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => sum + byte, 0) % 256;
}

/** Year with the unit on top, month with the control mark below, day, hour and minute in 16 bits, value, and their sum. */
function record(test: SimulatedTest, inMmol: boolean): number[] {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = numbers(test.deviceTime);
  const unit = inMmol ? 0 : 1;
  const control = test.control ? 1 : 0;
  const sum = year + unit + control + month + day + hour + minute + test.amount;
  return [
    year + unit * 128,
    month * 16 + control,
    ...word(day + hour * 32 + minute * 1024),
    ...word(test.amount),
    ...word(sum),
  ];
}

function packedClock(wall: string): number[] {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = numbers(wall);
  return [year, month, ...word(day + hour * 32 + minute * 1024)];
}

/** The hub's view of a test: HI and LO begin at the bounds themselves. */
function asShown({ deviceTime, amount, control }: SimulatedTest): SimulatedReading {
  const outOfRange = amount <= 20 ? "low" : amount >= 600 ? "high" : null;
  const value = Math.min(600, Math.max(20, amount));
  return { deviceTime, kind: "glucose", value, unit: "mg/dL", outOfRange, control, meal: null };
}

/** `2015-03-21T16:45:24` in numbers of two digits, the century left out. */
function numbers(wall: string): number[] {
  return (wall.slice(2).match(/\d\d/g) ?? []).map(Number);
}

function word(number: number): number[] {
  return [number & 0xff, number >> 8];
}
