import type { HidSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import {
  asReading,
  below,
  type SimulatedTest,
  seededRandom,
  simulatedMemory,
  simulatedSerial,
} from "../../src/kit/simulated.js";
import { ReportSpeaker } from "../shared/hid/report-speaker.js";

/** The display shows 20 to 600 mg/dL. No sheet says how much the memory holds: 1,000 are more than three months of tests. */
const TRAITS = {
  capacity: 1_000,
  low: 20,
  high: 600,
  seconds: false,
  meals: [],
  control: true,
  ketone: false,
} as const;
/** The cradle passes reports on from a slow line. */
const REPORT_MS = 5;
const REPORT_BYTES = 64;
const PAYLOAD_BYTES = 63;
/** Which model it is, the seed decides. */
const CODES = ["MR2", "RC2", "BLU"] as const;

/**
 * A True Metrix in its cradle as the protocol describes it: asleep until it is woken, then it answers text in parentheses. Who
 * it is and its serial number it may say twice. Words that it declines it leaves without an answer.
 */
export function simulate(options: SimulatorOptions): HidSimulator {
  const { seed } = options;
  const memory = simulatedMemory(options, TRAITS);
  const serial = simulatedSerial(seed, "TMNNNNNNN");
  const code = CODES[Math.abs(seed) % CODES.length] ?? "MR2";
  const twice = Math.abs(seed) % 2;
  const speaker = new ReportSpeaker(options.clock, REPORT_MS);
  const random = seededRandom(seed ^ 0x7a11);
  let awake = false;
  let declines = options.declines ?? 0;

  /** What it says to a word; empty for nothing. */
  function answer(word: string): string {
    if (word === "_" || word === "^") {
      awake = word === "^";
      return "";
    }
    if (!awake) return "";
    declines -= 1;
    if (declines >= 0) return "";
    if (word === "I") return framed(`i${code}`).repeat(1 + twice);
    if (word === "Z1") return framed(`z1${serial}`).repeat(1 + twice);
    if (word === "V") return framed("v1.07");
    if (word === "T") return framed(`t${clockDigits(memory.clock())}`);
    return word === "G" ? dump() : "";
  }

  function dump(): string {
    const results = memory.tests().map(resultDigits);
    let sum = 0;
    for (const digits of results) for (const character of digits) sum += character.charCodeAt(0);
    return `${results.map((digits) => framed(`g5${digits}`)).join("")}${framed(`x5${hexDigits(sum % 65_536, 4)}`)}`;
  }

  /** Reports end anywhere, in the middle of frames too. */
  function reportsOf(text: string): readonly Uint8Array[] {
    const reports: Uint8Array[] = [];
    for (let at = 0; at < text.length; ) {
      const piece = text.slice(at, at + PAYLOAD_BYTES - below(random, 32));
      reports.push(Uint8Array.of(piece.length, ...Array.from(piece, (character) => character.charCodeAt(0))));
      at += piece.length;
    }
    return reports;
  }

  return {
    serial,
    usb: { vendorId: "1f41", productId: code === "RC2" ? "0003" : "0000", ambiguous: false, source: "sheet a" },
    reportBytes: REPORT_BYTES,
    clock: () => memory.clock(),
    get memory(): readonly SimulatedReading[] {
      return memory.tests().map((test) => asReading(test, TRAITS));
    },
    receive(report, send) {
      if (report[1] !== 0xa0) return;
      const text = String.fromCharCode(...report.slice(3, 3 + (report[2] ?? 0)));
      const word = /^\((.*)\)/.exec(text)?.[1];
      if (word !== undefined && framed(word) === text) void speaker.say(reportsOf(answer(word)), send);
    },
  };
}

/** Month, day and year, hour and minute, value, an unused digit, and the mark of control solution. */
function resultDigits({ deviceTime, amount, control }: SimulatedTest): string {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = deviceTime.slice(2, 16).split(/[-T:]/).map(Number);
  const fields = [
    hexDigits(month, 1),
    hexDigits(day * 100 + year, 3),
    hexDigits(hour * 100 + minute, 3),
    hexDigits(amount, 3),
  ];
  return `${fields.join("")}0${control ? 1 : 0}`;
}

function clockDigits(wall: string): string {
  const [year = "", month = "", day = "", hour = "", minute = "", second = ""] = wall.slice(2).split(/[-T:]/);
  return `${second}${minute}${hour}${day}${month}${year}`;
}

function framed(text: string): string {
  let sum = 0;
  for (const character of `(${text})`) sum += character.charCodeAt(0);
  return `(${text})${hexDigits(sum % 256, 2)}`;
}

function hexDigits(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
