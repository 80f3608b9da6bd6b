import type { MeterSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { PacedSpeaker, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";
import { settable } from "../shared/astm/simulated-clock.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { SimulatedRemote } from "../shared/astm/simulated-remote.js";

/** A Contour's memory holds 480 tests; it shows 20 to 600 mg/dL, or 1.1 to 33.3 mmol/L, and has no seconds. */
const TRAITS = {
  capacity: 480,
  low: 20,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: true,
  ketone: false,
} as const;
/** Milliseconds that one character takes at 9600 baud, 8N1. */
const CHARACTER_MS = 10_000 / 9_600;
/** Glucose: milligrams a decilitre of one millimole a litre. */
const MG_DL_OF_MMOL_L = 18.016;
const [EOT, ENQ, ACK, NAK] = [4, 5, 6, 21];
/** A sender gives up after so many refusals of one frame. */
const REFUSALS = 6;

/**
 * A Contour on its cable as the protocol describes it: asks for the line when it is plugged in, sends its whole
 * memory oldest first, one frame for each ACK, and takes remote commands after a NAK. Bytes that mean nothing to it
 * are ignored.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const { unit = "mg/dL" } = options;
  const serial = simulatedSerial(options.seed, "7150-NNNNNNN");
  const memory = settable(simulatedMemory(options, TRAITS));
  const speaker = new PacedSpeaker(options.clock, CHARACTER_MS, options.seed);
  let declines = options.declines ?? 0;
  let state: "asking" | "sending" | "idle" | "interrupted" | "remote" = "asking";
  let frames: readonly Uint8Array[] = [];
  let at = 0;
  let refusals = 0;

  const remote = new SimulatedRemote({
    read(letter) {
      if (letter === "D") return `D|${memory.clock().slice(2, 10).replaceAll("-", "")}|\u0006`;
      return letter === "T" ? `T|${memory.clock().slice(11, 16).replace(":", "")}|\u0006` : null;
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

  function dump(): readonly Uint8Array[] {
    const tests = [...memory.tests()].reverse();
    const clock = memory.clock().replace(/[-T:]/g, "").slice(0, 12);
    const mmol = unit === "mmol/L";
    const settings = `A=1^C=00^G=1^I=0200^R=0^S=01^U=${mmol ? 1 : 0}^V=${mmol ? "11333" : "20600"}`;
    const product = `Bayer7150^2.04\\20.0^${serial}`;
    const records = [
      `H|\\^&||e5iMFo|${product}|${settings}|${tests.length}|||||P|1|${clock}`,
      "P|1",
      ...(tests.length === 0 ? [] : [`R|1|^^^GlucoseA|${mmol ? "6.7" : "121"}|${unit}^P|||||||`]),
      ...tests.map((test, index) => record(index + 1, asSent(test, unit))),
      "L|1||N",
    ];
    return records.map((text, index) => simulatedFrame(index + 1, text, index === records.length - 1));
  }

  /** What it says to one byte; null for nothing. */
  function answer(byte: number): Uint8Array | null {
    if (state === "remote" && byte !== EOT && byte !== NAK) {
      const said = remote.take(byte);
      if (said === null) return null;
      declines -= said.declined ? 0 : 1;
      return declines >= 0 && !said.declined ? Uint8Array.of(NAK) : bytesOf(said.text);
    }
    if (byte === EOT) {
      state = "asking";
      return Uint8Array.of(ENQ);
    }
    if (byte === NAK && state === "sending" && refusals < REFUSALS) {
      refusals += 1;
      return frames[at] ?? null;
    }
    if (byte === NAK) {
      state = "interrupted";
      return Uint8Array.of(EOT);
    }
    if (byte === ENQ && state === "interrupted") {
      state = "remote";
      remote.begin();
      return Uint8Array.of(ACK);
    }
    return byte === ACK ? acknowledged() : null;
  }

  function acknowledged(): Uint8Array | null {
    if (state === "asking") {
      declines -= 1;
      if (declines >= 0) return Uint8Array.of(NAK);
      [state, frames, at, refusals] = ["sending", dump(), 0, 0];
      return frames[0] ?? null;
    }
    if (state !== "sending") return null;
    [at, refusals] = [at + 1, 0];
    if (at < frames.length) return frames[at] ?? null;
    state = "idle";
    return Uint8Array.of(EOT);
  }

  return {
    serial,
    usb: { vendorId: "1a79", productId: "6001", ambiguous: false, source: "the maker's cable: sheet a" },
    clock: () => `${memory.clock().slice(0, 16)}:00`,
    get memory() {
      return [...memory.tests()].reverse().map((test) => asSent(test, unit));
    },
    start(send) {
      void speaker.say(Uint8Array.of(ENQ), send);
    },
    receive(bytes, send) {
      for (const byte of bytes) {
        const said = answer(byte);
        if (said !== null) void speaker.say(said, send);
      }
    },
  };
}

/** A test as the meter puts it on the wire. Beyond the display's range it sends the bound and a mark. */
function asSent(test: SimulatedTest, unit: "mg/dL" | "mmol/L"): SimulatedReading {
  const { deviceTime, amount, control, meal } = test;
  const outOfRange = amount < TRAITS.low ? "low" : amount > TRAITS.high ? "high" : null;
  const within = Math.min(TRAITS.high, Math.max(TRAITS.low, amount));
  const value = unit === "mg/dL" ? within : Math.round((within / MG_DL_OF_MMOL_L) * 10) / 10;
  return { deviceTime, kind: "glucose", value, unit, outOfRange, control, meal };
}

function record(number: number, { deviceTime, value, unit, outOfRange, control, meal }: SimulatedReading): string {
  const range = outOfRange === null ? "" : outOfRange === "low" ? "<" : ">";
  const mark = meal === null ? "" : meal === "before" ? "B" : "A";
  const digits = unit === "mg/dL" ? String(value) : value.toFixed(1);
  const stamp = deviceTime.replace(/[-T:]/g, "").slice(0, 12);
  return `R|${number}|^^^Glucose|${digits}|${unit}^P||${range}|${mark}|${control ? "E" : ""}|||${stamp}`;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
