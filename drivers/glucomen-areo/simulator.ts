import { wallMs } from "../../src/domain/zone.js";
import { crc8Maxim } from "../../src/kit/checksum.js";
import type { MeterSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { PacedSpeaker, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";

/** The maker advertises 730 results; the display shows 20 to 600 mg/dL, 1.1 to 33.3 mmol/L. */
const TRAITS = {
  capacity: 730,
  low: 20,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: false,
  ketone: false,
} as const;
const MMOL = { low: 1.1, high: 33.3, mgDl: 18.0156 } as const;
/** One byte at 9600 baud, 8O1: eleven bits. */
const BYTE_MS = 11_000 / 9_600;

/**
 * A GlucoMen areo as its protocol describes it, in the unit that it is told to have. It is deaf to bytes that are no
 * request. Requests that it declines it leaves without an answer; the setting of its clock it declines with F.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const { seed, unit = "mg/dL" } = options;
  const serial = simulatedSerial(seed, "AANNNNNNN");
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, seed);
  /** Stamps of tests that were taken before the clock was last set. */
  const stamped = new Map<SimulatedTest, string>();
  let declines = options.declines ?? 0;
  let shiftMs = 0;
  /** Request bytes that wait for their end. */
  let heard = "";

  const shifted = (wall: string): string => new Date(wallMs(wall) + shiftMs).toISOString().slice(0, 19);
  const stamp = (test: SimulatedTest): string => stamped.get(test) ?? `${shifted(test.deviceTime).slice(0, 16)}:00`;
  const shown = (): string => shifted(memory.clock());

  /** A test as it is written on the wire: its value in the display's unit, and its mark. */
  function written(test: SimulatedTest): { readonly value: string; readonly mark: string } {
    const value = unit === "mg/dL" ? String(test.amount) : (test.amount / MMOL.mgDl).toFixed(1);
    const plain = (["00", "00", "00", "01", "08"] as const)[test.amount % 5] ?? "00";
    return { value, mark: test.meal === "before" ? "02" : test.meal === "after" ? "04" : plain };
  }

  function show(test: SimulatedTest): SimulatedReading {
    const { kind, control, meal } = test;
    const { low, high } = unit === "mg/dL" ? TRAITS : MMOL;
    const sent = Number(written(test).value);
    const outOfRange = sent < low ? "low" : sent > high ? "high" : null;
    const value = Math.min(high, Math.max(low, sent));
    return { deviceTime: stamp(test), kind, value, unit, outOfRange, control, meal };
  }

  function line(test: SimulatedTest): string {
    const { value, mark } = written(test);
    const [date = "", time = ""] = stamp(test).slice(2, 16).replace(/[-:]/g, "").split("T");
    return `Glu,${value},${unit},${mark},${date},${time}\r\n`;
  }

  function setClock(text: string): boolean {
    const digits = /^\[\r\n(\d{10})\r\n([0-9A-F]{2})\r\n\]\r\n$/.exec(text);
    const wall = digits?.[1]?.replace(/^(..)(..)(..)(..)(..)$/, "20$1-$2-$3T$4:$5:00") ?? "";
    if (digits?.[2] !== check(text.slice(0, 15)) || Number.isNaN(Date.parse(`${wall}Z`))) return false;
    for (const test of memory.tests()) stamped.set(test, stamp(test));
    shiftMs += wallMs(wall) - wallMs(shown());
    return true;
  }

  /** The answer to the request at the start of what was heard, which is taken off; null while there is none. */
  function answer(): string | null {
    const request = /^(?:\u00a2|\u0080|\u00c2\u00a1\[[^\]]{1,60}\]\r\n)/.exec(heard)?.[0];
    heard = heard.slice(request?.length ?? 0);
    if (request === undefined) return null;
    const declined = declines > 0;
    if (declined) declines -= 1;
    if (request.length > 1) return !declined && setClock(request.slice(2)) ? "P" : "F";
    if (declined) return "";
    if (request === "\u00a2") return block(`1,0,3,  ${serial}, 1.02\r\n`);
    const tests = memory.tests();
    return tests.length === 0 ? "[\r\n\u0090=\r\n]\r\n" : block(tests.map(line).join(""));
  }

  return {
    serial,
    usb: { vendorId: "10c4", productId: "ea60", ambiguous: true, source: "the maker's cable" },
    clock: shown,
    get memory() {
      return memory.tests().map(show);
    },
    receive(bytes, send) {
      heard += String.fromCharCode(...bytes);
      while (heard !== "") {
        const reply = answer();
        if (reply !== null) void speaker.say(bytesOf(reply), send);
        // The beginning of the one request that has a length waits for its end; anything else is noise.
        else if (/^\u00c2(?:$|\u00a1(?:$|\[[^\]]{0,60}(?:$|\]\r?$)))/.test(heard)) return;
        else heard = heard.slice(1);
      }
    },
  };
}

function block(lines: string): string {
  return `[\r\n${lines}${check(`[\r\n${lines}`)}\r\n]\r\n`;
}

function check(covered: string): string {
  return crc8Maxim(bytesOf(covered)).toString(16).toUpperCase().padStart(2, "0");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
