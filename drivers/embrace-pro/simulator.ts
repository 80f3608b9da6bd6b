import { wallMs } from "../../src/domain/zone.js";
import type { HidSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { asReading, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";
import { settable } from "../shared/astm/simulated-clock.js";
import { ReportSpeaker } from "../shared/hid/report-speaker.js";

/** The display shows 20 to 600 mg/dL. No sheet says how much the memory holds. */
const TRAITS = {
  capacity: 500,
  low: 20,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: true,
  ketone: false,
} as const;
/** The cable turns bytes of a slow line into a report. */
const REPORT_MS = 15;
const REPORT_BYTES = 64;
/** Longest packet that it listens to. */
const LONGEST = 64;

/**
 * An AGM-4000 on its cable as the protocol describes it: takes a packet byte by byte and answers in one report. Questions
 * that it declines, and on some cables the very first, it answers with a report that begins with 00.
 */
export function simulate(options: SimulatorOptions): HidSimulator {
  const { seed } = options;
  const memory = settable(simulatedMemory(options, TRAITS));
  const serial = simulatedSerial(seed, "ANNNNNN");
  const speaker = new ReportSpeaker(options.clock, REPORT_MS);
  let declines = options.declines ?? Math.abs(seed) % 2;
  let heard: number[] = [];

  /** The answer's command and data; null for a packet that it does not know. */
  function answer(command: number, data: readonly number[]): readonly number[] | null {
    if (command === 0x00) return [0x00, ...word(memory.tests().length)];
    if (command === 0x09) return [0x09, ...Array.from(serial, (character) => character.charCodeAt(0))];
    if (command === 0x01) {
      const number = (data[0] ?? 0) * 256 + (data[1] ?? 0);
      const test = memory.tests()[number];
      return test === undefined ? null : [0x01, ...word(number), ...packed(test)];
    }
    if (command !== 0x04 || data.length !== 6) return null;
    const [year, month, day, hour, minute, second] = data.map((part) => String(part).padStart(2, "0"));
    const wall = `20${year}-${month}-${day}T${hour}:${minute}:${second}`;
    try {
      wallMs(wall);
    } catch {
      return null;
    }
    memory.set(wall);
    return [0x04, ...data.slice(0, 5)];
  }

  /** Takes one byte; what is to be sent when it completes a packet, else null. */
  function take(byte: number): Uint8Array | null {
    heard.push(byte);
    if (heard[0] !== 0x80 || heard.length > LONGEST) heard = [];
    const size = heard[1] ?? LONGEST;
    if (heard.length < size + 5) return null;
    const packet = heard;
    heard = [];
    const content = packet.slice(3, 3 + size);
    if (String(framed(content)) !== String(packet)) return null;
    declines -= 1;
    if (declines >= 0) return Uint8Array.of(0);
    const said = answer(content[0] ?? 0, content.slice(1));
    return said === null ? Uint8Array.of(0) : Uint8Array.from(framed(said));
  }

  return {
    serial,
    usb: { vendorId: "04d8", productId: "003f", ambiguous: true, source: "the LinkDr cable: sheet a" },
    reportBytes: REPORT_BYTES,
    clock: () => memory.clock(),
    get memory(): readonly SimulatedReading[] {
      return memory.tests().map((test) => asReading(test, TRAITS));
    },
    receive(report, send) {
      const said = take(report[1] ?? 0);
      if (said !== null) void speaker.say([said], send);
    },
  };
}

/** Six bytes behind a record's number. */
function packed({ deviceTime, amount, control, meal }: SimulatedTest): readonly number[] {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = deviceTime.slice(2, 16).split(/[-T:]/).map(Number);
  const stored = amount < TRAITS.low ? 19 : amount > TRAITS.high ? 601 : amount;
  const event = control ? 3 : meal === "before" ? 2 : meal === "after" ? 1 : 0;
  return [
    year * 2 + Math.floor(month / 8),
    (month % 8) * 32 + day,
    Math.floor(stored / 256),
    stored % 256,
    event * 64 + Math.floor(hour / 4),
    (hour % 4) * 64 + minute,
  ];
}

function framed(content: readonly number[]): readonly number[] {
  const size = content.length;
  const packet = [0x80, size, 255 - size, ...content];
  let [low, high] = [255, 255];
  for (const [at, byte] of packet.entries()) {
    if (at % 2 === 0) low ^= byte;
    else high ^= byte;
  }
  return [...packet, low, high];
}

function word(value: number): readonly number[] {
  return [Math.floor(value / 256), value % 256];
}
