import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import {
  asReading,
  PacedSpeaker,
  type SimulatedTest,
  simulatedMemory,
  simulatedSerial,
} from "../../src/kit/simulated.js";
import { settable } from "../shared/astm/simulated-clock.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { SimulatedRemote } from "../shared/astm/simulated-remote.js";

/** The memory holds 250 tests; the display shows 20 to 600 mg/dL. No meal marks are known on the wire. */
const TRAITS = {
  capacity: 250,
  low: 20,
  high: 600,
  seconds: false,
  meals: [],
  control: true,
  ketone: false,
} as const;
/** Milliseconds that one character takes at 19200 baud, 8N2. */
const CHARACTER_MS = 11_000 / 19_200;
const [EOT, ENQ, ACK, NAK] = [4, 5, 6, 21];
/** What the meter is interrupted with. */
const ATTENTION = 0x92;

/**
 * A ReliOn Prime as its protocol describes it: silent until it hears EOT, names itself, and gives its records by number
 * in remote command mode; record 0 is the newest. Bytes that mean nothing to it are ignored.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "NNNNNNNA");
  const memory = settable(simulatedMemory(options, TRAITS));
  const speaker = new PacedSpeaker(options.clock, CHARACTER_MS, options.seed);
  let declines = options.declines ?? 0;
  let state: "off" | "asking" | "named" | "interrupted" | "remote" = "off";
  /** Numbers stay while it is read: tests are counted when the count is asked for. */
  let tests: readonly SimulatedTest[] = memory.tests();

  const remote = new SimulatedRemote({
    read(letter) {
      if (letter === "D") return `D|${memory.clock().slice(2, 10).replaceAll("-", "")}|\u0006`;
      if (letter === "T") return `T|${memory.clock().slice(11, 16).replace(":", "")}|\u0006`;
      if (letter !== "M") return null;
      tests = memory.tests();
      return `M|${String(tests.length).padStart(3, "0")}|\u0006`;
    },
    readMore(_letter, word) {
      const test = /^[0-9A-F]{3}$/.test(word) ? tests[Number.parseInt(word, 16)] : undefined;
      return test === undefined ? null : record(test);
    },
    write(letter, value) {
      const [day, time] = [memory.clock().slice(0, 10), memory.clock().slice(11, 16)];
      const wall =
        letter === "D"
          ? `20${value.replace(/^(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3")}T${time}:00`
          : `${day}T${value.replace(/^(\d\d)(\d\d)$/, "$1:$2")}:00`;
      if (Number.isNaN(Date.parse(`${wall}Z`))) return false;
      memory.set(wall);
      return true;
    },
  });

  /** What it says to one byte; null for nothing. */
  function answer(byte: number): Uint8Array | null {
    if (byte === ATTENTION) {
      state = "interrupted";
      return Uint8Array.of(EOT);
    }
    if (byte === EOT) {
      state = "asking";
      return Uint8Array.of(ENQ);
    }
    if (state === "remote") return answerRemote(byte);
    if (byte === ENQ && state === "interrupted") {
      state = "remote";
      remote.begin();
      return Uint8Array.of(ACK);
    }
    if (byte !== ACK || state !== "asking") return null;
    declines -= 1;
    if (declines >= 0) return Uint8Array.of(NAK);
    state = "named";
    const clock = memory.clock().replace(/[-T:]/g, "").slice(0, 12);
    return simulatedFrame(1, `H|\\^&|||PRIME^01.02^${serial}||||||||P|1|${clock}`, false);
  }

  function answerRemote(byte: number): Uint8Array | null {
    const said = remote.take(byte);
    if (said === null) return null;
    // A record that it declines throws it out of the mode.
    if (said.declined) state = "named";
    return Uint8Array.from(said.text, (character) => character.charCodeAt(0));
  }

  return {
    serial,
    usb: { vendorId: "0efb", productId: "0011", ambiguous: false, source: "the maker's cable: sheet a" },
    clock: () => `${memory.clock().slice(0, 16)}:00`,
    get memory() {
      return [...memory.tests()].reverse().map((test) => asReading(test, TRAITS));
    },
    receive(bytes, send) {
      for (const byte of bytes) {
        const said = answer(byte);
        if (said !== null) void speaker.say(said, send);
      }
    },
  };
}

/** Value low byte and high byte in hex; minute, hour, day, month, year in decimal; flags in hex; then the checksum. */
function record({ deviceTime, amount, control }: SimulatedTest): string {
  const [, year, month, day, hour, minute] = /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(deviceTime) ?? [];
  const flags = (amount > TRAITS.high ? 1 : 0) + (amount < TRAITS.low ? 2 : 0) + (control ? 4 : 0);
  const value = amount.toString(16).toUpperCase().padStart(4, "0");
  const text = `${value.slice(2)}${value.slice(0, 2)}${minute}${hour}${day}${month}${year}0${flags}`;
  let sum = 0;
  for (const character of `D|${text}\u0017`) sum += character.charCodeAt(0);
  return `D|${text}\u0017${(sum % 256).toString(16).toUpperCase().padStart(2, "0")}|\r\n`;
}
