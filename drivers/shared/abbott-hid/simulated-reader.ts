import { wallMs } from "../../../src/domain/zone.js";
import type { HidSimulator, SimulatedReading, SimulatorOptions, UsbMatch } from "../../../src/kit/driver.js";
import { type SimulatedMemory, simulatedSerial } from "../../../src/kit/simulated.js";

/** What makes one model's meter of a simulated one. */
export interface ReaderFacts {
  readonly usb: UsbMatch;
  /** As `simulatedSerial` takes it. */
  readonly serialShape: string;
  readonly version: string;
  readonly serialWord: string;
  readonly unitWord: string;
  /** Its log and its memory. */
  readonly store: ReaderStore;
  readonly memory: SimulatedMemory;
}

/** What one model keeps, and how it writes that down. */
export interface ReaderStore {
  /** The records of the log that this word asks for, one text each; null for a word that it does not know. */
  log(word: string): readonly string[] | null;
  /** Somebody set the clock: wall times before and after. */
  clockWasSet(from: string, to: string): void;
  /** By how much the clock was moved since it was switched on. */
  moved(ms: number): void;
  memory(): readonly SimulatedReading[];
}

/** The content of a report, and how long one takes on the wire. */
const CONTENT = 62;
const REPORT_MS = 1;
/** About every third report is a keep-alive (sheet b). */
const KEEP_ALIVE_EVERY = 3;

/**
 * The meter's side of Abbott's reports in text, as the sheets describe them: answers INIT, the binary questions and
 * those in text; declines with `CMD Fail!`; leaves earlier answers in the padding; sends keep-alives in between.
 */
export function simulatedReader(options: SimulatorOptions, facts: ReaderFacts): HidSimulator {
  const serial = simulatedSerial(options.seed, facts.serialShape);
  let movedMs = 0;
  let declines = options.declines ?? 0;
  let isAwake = false;
  let sent = 0;
  const left = new Uint8Array(64);
  let last: Promise<void> = Promise.resolve();

  const clock = (): string => new Date(wallMs(facts.memory.clock()) + movedMs).toISOString().slice(0, 19);

  function speak(type: number, bytes: Uint8Array, send: (report: Uint8Array) => void): void {
    const pieces = [bytes.subarray(0, CONTENT)];
    for (let at = CONTENT; at < bytes.length; at += CONTENT) pieces.push(bytes.subarray(at, at + CONTENT));
    for (const piece of pieces) {
      put(type, piece, send);
      sent += 1;
      if (sent % KEEP_ALIVE_EVERY === 0) put(0x22, Uint8Array.of(sent & 7), send);
    }
  }

  function put(type: number, piece: Uint8Array, send: (report: Uint8Array) => void): void {
    left.set([type, piece.length, ...piece]);
    const report = Uint8Array.from(left);
    last = last
      .then(() => options.clock.sleep(REPORT_MS))
      .then(() => send(report))
      .catch(() => undefined);
  }

  function answer(word: string): string {
    if (declines > 0) {
      declines -= 1;
      return "CKSM:00000000\r\nCMD Fail!\r\n";
    }
    const message = messageFor(word);
    return message === null ? "CKSM:00000000\r\nCMD Fail!\r\n" : `${message}CKSM:${sumOf(message)}\r\nCMD OK\r\n`;
  }

  function messageFor(word: string): string | null {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = clock().split(/\D/).map(Number);
    if (word === facts.serialWord) return `${serial}\r\n`;
    if (word === facts.unitWord) return `${options.unit === "mmol/L" ? 0 : 1}\r\n`;
    if (word === "$swver?") return `${facts.version}\r\n`;
    if (word === "$date?") return `${month},${day},${year - 2000}\r\n`;
    if (word === "$time?") return `${hour},${minute}\r\n`;
    if (/^\$(date|time),/.test(word)) return setClock(word);
    const records = facts.store.log(word);
    if (records === null) return null;
    if (records.length === 0) return "Log Empty\r\n";
    const lines = records.map((record) => `${record}\r\n`).join("");
    return `${lines}${records.length},${sumOf(lines)}\r\n`;
  }

  function setClock(word: string): string | null {
    const date = /^\$date,(\d{1,2}),(\d{1,2}),(\d{1,2})$/.exec(word);
    const time = /^\$time,(\d{1,2}),(\d{1,2})$/.exec(word);
    const from = clock();
    const two = (text = ""): string => text.padStart(2, "0");
    const to =
      date === null
        ? time && `${from.slice(0, 10)}T${two(time[1])}:${two(time[2])}:00`
        : `20${two(date[3])}-${two(date[1])}-${two(date[2])}${from.slice(10)}`;
    if (to === null || Number.isNaN(Date.parse(`${to}Z`))) return null;
    // Tests that were taken until now keep their time.
    facts.store.memory();
    movedMs += wallMs(to) - wallMs(from);
    facts.store.moved(movedMs);
    if (to !== from) facts.store.clockWasSet(from, to);
    return "";
  }

  return {
    serial,
    usb: facts.usb,
    reportBytes: 64,
    clock,
    get memory() {
      return facts.store.memory();
    },
    receive(report, send) {
      const [, type = 0, length = 0] = report;
      const content = report.slice(3, 3 + length);
      if (type === 0x01) {
        isAwake = true;
        speak(0x71, Uint8Array.of(1), send);
      } else if (type === 0x04) speak(0x34, Uint8Array.of(1), send);
      else if (type === 0x05) speak(0x06, bytesOf(`${serial}\0`), send);
      else if (type === 0x15) speak(0x35, bytesOf(`${facts.version}\0`), send);
      else if (type !== 0x60 && type !== 0x21) speak(0x30, Uint8Array.of(0x85), send);
      else if (isAwake) speak(0x60, bytesOf(answer(String.fromCharCode(...content))), send);
    },
  };
}

/** The plain sum of all bytes in eight hex digits. */
function sumOf(text: string): string {
  let sum = 0;
  for (const byte of bytesOf(text)) sum += byte;
  return sum.toString(16).toUpperCase().padStart(8, "0");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
