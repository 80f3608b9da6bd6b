import { wallMs } from "../../../src/domain/zone.js";
import { sum16 } from "../../../src/kit/checksum.js";
import type { MeterSimulator, SimulatorOptions, UsbMatch } from "../../../src/kit/driver.js";
import {
  asReading,
  PacedSpeaker,
  type SimulatedTest,
  simulatedMemory,
  simulatedSerial,
} from "../../../src/kit/simulated.js";

/** What makes one family's meter of a simulated one. */
export interface MeterFacts {
  readonly usb: UsbMatch;
  /** As `simulatedSerial` takes it. */
  readonly serialShape: string;
  readonly version: string;
  readonly ketone: boolean;
  /** The word that it answers with its memory. */
  readonly dumpWord: string;
  /** What stands between the count and the records. */
  readonly gap: string;
  /** What it says in place of the count when there is no record; null for a count of 000 as for any other. */
  readonly emptyWords: string | null;
  /** A record's value and mark. */
  write(test: SimulatedTest): { readonly amount: string; readonly mark: string };
  /** A word that only this family knows, and its answer. */
  readonly ownWord?: string;
  ownAnswer?(meter: { readonly serial: string; readonly clock: string; readonly count: number }): string;
}

/** What its display shows as a number, and what else both families have in common. */
const TRAITS = { capacity: 999, low: 20, high: 500, seconds: false, meals: [], control: true } as const;
/** Milliseconds that one character takes at 19,200 baud, 8N1. */
const CHARACTER_MS = 10_000 / 19_200;
/** A line from the hub is no longer; what is, is not for this meter. */
const LONGEST_LINE = 200;
const MONTHS = [
  "Jan ",
  "Feb ",
  "Mar ",
  "Apr ",
  "May ",
  "June",
  "July",
  "Aug ",
  "Sep ",
  "Oct ",
  "Nov ",
  "Dec ",
] as const;

/**
 * One of Abbott's meters that talk in lines of text, as the sheets describe them: answers a line with its memory, takes
 * a new time with `$tim`, declines with `CMD Fail!`, and is silent to what it does not know.
 */
export function simulatedAbbott(options: SimulatorOptions, facts: MeterFacts): MeterSimulator {
  const traits = { ...TRAITS, ketone: facts.ketone };
  const serial = simulatedSerial(options.seed, facts.serialShape);
  const memory = simulatedMemory(options, traits);
  const speaker = new PacedSpeaker(options.clock, CHARACTER_MS, options.seed);
  /** By how much its clock was moved since it was switched on, and had been when each test was taken. */
  let movedMs = 0;
  const movedThen = new WeakMap<SimulatedTest, number>();
  let declines = options.declines ?? 0;
  let heard = "";

  const clock = (): string => moved(memory.clock(), movedMs);
  function tests(): SimulatedTest[] {
    return memory.tests().map((test) => {
      const ms = movedThen.get(test) ?? movedMs;
      movedThen.set(test, ms);
      return ms === 0 ? test : { ...test, deviceTime: `${moved(test.deviceTime, ms).slice(0, 16)}:00` };
    });
  }

  function dump(): string {
    const held = tests();
    const head = `\r\n${serial}\r\n${facts.version}\r\n${dateOf(clock())}${clock().slice(13)}\r\n`;
    if (held.length === 0 && facts.emptyWords !== null) return `${head}${facts.emptyWords}\r\n`;
    const lines = held.map((test) => {
      const { amount, mark } = facts.write(test);
      return `${amount}  ${dateOf(test.deviceTime)}${test.deviceTime.slice(13, 16)} ${mark} 0x0${test.control ? 1 : 0}\r\n`;
    });
    const body = `${head}${String(held.length).padStart(3, "0")}\r\n${facts.gap}${lines.join("")}`;
    return `${body}0x${sum16(bytesOf(body)).toString(16).toUpperCase().padStart(4, "0")}  END\r\n`;
  }

  function setTime(word: string): string | null {
    const parts = /^\$tim,(\d\d),(\d\d),(\d\d),(\d\d),(\d\d)$/.exec(word);
    if (parts === null) return null;
    const [, month, day, year, hour, minute] = parts;
    tests();
    movedMs += wallMs(`20${year}-${month}-${day}T${hour}:${minute}:00`) - wallMs(clock());
    return "CMD OK\r\n";
  }

  const isKnown = (word: string): boolean =>
    word === facts.dumpWord || word.startsWith("$tim,") || word === facts.ownWord;

  function answer(word: string): string | null {
    if (word === facts.dumpWord) return dump();
    if (word.startsWith("$tim,")) return setTime(word);
    return facts.ownAnswer?.({ serial, clock: clock(), count: tests().length }) ?? null;
  }

  return {
    serial,
    usb: facts.usb,
    clock,
    get memory() {
      return tests().map((test) => asReading(test, traits));
    },
    receive(bytes, send) {
      heard += String.fromCharCode(...bytes);
      for (let end = heard.search(/[\r\n]/); end >= 0; end = heard.search(/[\r\n]/)) {
        const word = heard.slice(0, end);
        heard = heard.slice(end + 1);
        if (!isKnown(word)) continue;
        declines -= 1;
        const reply = declines >= 0 ? null : answer(word);
        void speaker.say(bytesOf(reply ?? "CMD Fail!\r\n"), send);
      }
      heard = heard.slice(-LONGEST_LINE);
    },
  };
}

/** `2013-06-01T08:…` as the meter writes it, up to the hour: `June 01 2013 08`. */
function dateOf(wall: string): string {
  return `${MONTHS[Number(wall.slice(5, 7)) - 1]} ${wall.slice(8, 10)} ${wall.slice(0, 4)} ${wall.slice(11, 13)}`;
}

function moved(wall: string, ms: number): string {
  return new Date(wallMs(wall) + ms).toISOString().slice(0, 19);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
