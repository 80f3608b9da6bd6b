import { wallMs } from "../../../src/domain/zone.js";
import { crc16CcittFalse } from "../../../src/kit/checksum.js";
import type { MeterSimulator, SimulatorOptions } from "../../../src/kit/driver.js";
import {
  asReading,
  PacedSpeaker,
  type SimulatedTest,
  simulatedMemory,
  simulatedSerial,
} from "../../../src/kit/simulated.js";

/** As many as the number of records on the wire can say: two bytes. */
const CAPACITY = 65_535;
/** Milliseconds that one byte takes at 9600 baud, 8N1. */
const BYTE_MS = 10_000 / 9_600;
/** STX and `iSPc`, with which frames of both sides begin. */
const HEAD = [0x02, 0x69, 0x53, 0x50, 0x63] as const;
/** The greeting, and the answer of a meter of protocol 3. */
const GREETING = 0x80;
const GREETED = 0x2e;
const TRAITS = {
  capacity: CAPACITY,
  low: 20,
  high: 600,
  seconds: true,
  meals: ["after", "fasting"],
  control: true,
  ketone: true,
} as const;

/**
 * A CareSens of protocol 3, as its protocol describes it, with a memory that its seed decides. Its clock can be read and
 * set; what it does not understand it names (HEAD, SIZE, ECRC, CMND), and bytes outside of frames it does not hear.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "NANNNANNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  let declines = options.declines ?? 0;
  let setByMs = 0;
  let heard: number[] = [];

  const clock = (): string => new Date(wallMs(memory.clock()) + setByMs).toISOString().slice(0, 19);

  function answer(command: string, data: readonly number[]): number[] {
    declines -= 1;
    if (declines >= 0) return frame("TOUT", []);
    if (command === "RSNB" && data.length === 0) return frame(command, [...letters(serial), 0]);
    if (command === "RTIM" && data.length === 0) return frame(command, stamp(clock()));
    if (command === "NCOT" && data.length === 0) return frame(command, word(memory.tests().length));
    if (command === "WTIM" && data.length === 6) {
      const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = data;
      setByMs = Date.UTC(2000 + year, month - 1, day, hour, minute, second) - wallMs(memory.clock());
      return frame(command, data);
    }
    if (command === "GLUE" && data.length === 3) return block(data);
    return frame(["RSNB", "RTIM", "NCOT", "WTIM", "GLUE"].includes(command) ? "SIZE" : "CMND", []);
  }

  /** Records from that number on. Their frame's CRC is not right, ever. */
  function block([high = 0, low = 0, count = 0]: readonly number[]): number[] {
    const first = high * 256 + low;
    const tests = memory.tests().slice(first - 1, first - 1 + count);
    if (first < 1 || count > 27 || tests.length !== count) return frame("SIZE", []);
    const sound = frame("GLUE", tests.flatMap(record));
    return sound.map((byte, at) => (at === sound.length - 3 ? byte ^ 0xff : byte));
  }

  /** The next thing to answer in what was heard: null while it is not whole. */
  function take(): number[] | null {
    for (; heard.length > 0; heard.shift()) {
      if (heard[0] === GREETING) return heard.splice(0, 1);
      if (!HEAD.slice(0, heard.length).every((byte, at) => heard[at] === byte)) continue;
      const length = heard[HEAD.length];
      if (length === undefined || heard.length < HEAD.length + 1 + length) return null;
      return heard.splice(0, HEAD.length + 1 + length);
    }
    return null;
  }

  function reply(request: readonly number[]): number[] {
    if (request.length === 1) return [GREETED];
    const [crcHigh, crcLow] = request.slice(-3);
    const sound = request[HEAD.length] === request.length - 6 && request.length >= 13;
    if (!sound || request.at(-1) !== 0x03) return frame("HEAD", []);
    if (crcHigh === undefined || crcLow === undefined) return frame("HEAD", []);
    if (crcOf(request.slice(0, -3)) !== crcHigh * 256 + crcLow) return frame("ECRC", []);
    return answer(String.fromCharCode(...request.slice(6, 10)), request.slice(10, -3));
  }

  return {
    serial,
    usb: { vendorId: "0403", productId: "6015", ambiguous: true, source: "the cable that sheet a names" },
    clock,
    get memory() {
      return memory.tests().map((test) => asReading(test, TRAITS));
    },
    receive(bytes, send) {
      heard = [...heard, ...bytes];
      for (let request = take(); request !== null; request = take()) {
        void speaker.say(Uint8Array.from(reply(request)), send);
      }
    },
  };
}

/** Nine bytes: the stamp, the flags, and the value, high byte first. LO and HI are marked, and the marks count. */
function record(test: SimulatedTest): number[] {
  let flags = 0x80;
  if (test.control) flags += 0x01;
  flags += test.meal === "after" ? 0x02 : test.meal === "fasting" ? 0x10 : 0x20;
  if (test.kind === "ketone") flags += 0x40;
  else if (test.amount < 20) flags += 0x04;
  else if (test.amount > 600) flags += 0x08;
  return [...stamp(test.deviceTime), flags, ...word(test.amount)];
}

/** `2015-03-21T16:45:24` in six bytes. */
function stamp(wall: string): number[] {
  return (wall.slice(2).match(/\d\d/g) ?? []).map(Number);
}

function frame(command: string, data: readonly number[]): number[] {
  const body = [...HEAD, 7 + data.length, ...letters(command), ...data];
  return [...body, ...word(crcOf(body)), 0x03];
}

/** Over all from STX to the data, and ETX. */
function crcOf(body: readonly number[]): number {
  return crc16CcittFalse(Uint8Array.from([...body, 0x03]));
}

function word(number: number): number[] {
  return [number >> 8, number & 0xff];
}

function letters(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}
