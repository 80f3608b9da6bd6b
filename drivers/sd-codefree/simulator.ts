import { wallMs } from "../../src/domain/zone.js";
import { xor8 } from "../../src/kit/checksum.js";
import type { MeterSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { asReading, PacedSpeaker, type SimulatedTest, simulatedMemory } from "../../src/kit/simulated.js";

/** The manual claims a memory of 1,000; the display shows 10 to 600 mg/dL. */
const TRAITS = {
  capacity: 1_000,
  low: 10,
  high: 600,
  seconds: false,
  meals: ["before", "after"],
  control: false,
  ketone: false,
} as const;
/** One byte at 38400 baud, 8N1. */
const BYTE_MS = 10_000 / 38_400;
/** How long it waits for an answer to its challenge before it ignores the cable: the sheet gives no number. */
const PATIENCE_MS = 3_000;
type State = "off" | "challenging" | "ignoring" | "connected" | "clock set" | "E-5";

/**
 * An SD CodeFree as its protocol describes it. `start` switches it on: it sends its challenge, once, and waits for the
 * answer. Anything but the right bytes makes it show E-5 and deaf; late ones find it ignoring the cable. Both end only
 * when it is switched on again. Requests that it declines it leaves without an answer.
 */
export function simulate(options: SimulatorOptions): MeterSimulator & { readonly state: () => State } {
  const { clock, seed } = options;
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(clock, BYTE_MS, seed);
  /** Stamps of tests that were taken before the clock was last set. */
  const stamped = new Map<SimulatedTest, string>();
  let declines = options.declines ?? 0;
  let state: State = "off";
  let [askedAt, shiftMs] = [0, 0];
  let heard: number[] = [];
  let queue: SimulatedTest[] = [];

  const shifted = (wall: string): string => new Date(wallMs(wall) + shiftMs).toISOString().slice(0, 19);
  const stamp = (test: SimulatedTest): string => stamped.get(test) ?? `${shifted(test.deviceTime).slice(0, 16)}:00`;
  const show = (test: SimulatedTest): SimulatedReading => asReading({ ...test, deviceTime: stamp(test) }, TRAITS);
  const shown = (): string => shifted(memory.clock());

  function setClock(digits: string): void {
    for (const test of memory.tests()) stamped.set(test, stamp(test));
    const wall = digits.replace(/^\d\d(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "20$1-$2-$3T$4:$5:00");
    shiftMs += wallMs(wall) - wallMs(shown());
  }

  function answer(message: Uint8Array): Uint8Array | null {
    const text = String.fromCharCode(...message);
    if (state === "challenging" && text === "\u0010\u0040") {
      state = "connected";
      queue = [...memory.tests()];
      return Uint8Array.of(0x30, queue.length >> 8, queue.length & 0xff, ...new Array<number>(19).fill(0xaa));
    }
    if (state === "connected" && /^ADATE\d{12}$/.test(text)) {
      setClock(text.slice(5));
      state = "clock set";
      return Uint8Array.of(0x10, 0x10);
    }
    if ((state === "connected" || state === "clock set") && text === "\u0010\u0060") {
      const test = state === "connected" ? queue.shift() : undefined;
      if (test !== undefined) return record(test, stamp(test));
      state = "off";
      return Uint8Array.of(0x10, 0x70);
    }
    state = "E-5";
    return null;
  }

  return {
    serial: null,
    usb: { vendorId: "10c4", productId: "ea60", ambiguous: true, source: "the maker's cable" },
    state: () => state,
    clock: shown,
    get memory() {
      return memory.tests().map(show);
    },
    start(send) {
      [state, heard, askedAt] = ["challenging", [], clock.now()];
      const stray = seed % 2 === 0 ? [] : [0x00];
      void speaker.say(Uint8Array.of(...stray, ...framed(0x20, Uint8Array.of(0x10, 0x30))), send);
    },
    receive(bytes, send) {
      if (state === "challenging" && clock.now() - askedAt > PATIENCE_MS) state = "ignoring";
      if (state === "off" || state === "ignoring" || state === "E-5") return;
      heard.push(...bytes);
      const length = (heard[2] ?? 0) + 3;
      if (!heard.slice(0, 2).every((byte, at) => byte === [0x53, 0x10][at])) state = "E-5";
      if (heard.length < 3 || heard.length < length) return;
      const frame = Uint8Array.from(heard.splice(0, length));
      const message = frame.slice(3, -2);
      const sound = Buffer.compare(frame, framed(0x10, message)) === 0;
      if (sound && declines > 0) {
        declines -= 1;
        return;
      }
      const reply = sound ? answer(message) : null;
      if (reply === null) state = "E-5";
      else void speaker.say(framed(0x20, reply), send);
    },
  };
}

function record(test: SimulatedTest, stamp: string): Uint8Array {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = stamp.slice(2, 16).split(/[-T:]/).map(Number);
  const meal = test.meal === "before" ? 0x10 : test.meal === "after" ? 0x20 : 0x00;
  const { amount } = test;
  const unknown = [amount % 7, 0, 0, minute % 3, 0, 0, 1];
  return Uint8Array.of(0x20, 0x13, year, month, day, hour, minute, amount >> 8, amount & 0xff, meal, ...unknown);
}

function framed(direction: number, message: Uint8Array): Uint8Array {
  return Uint8Array.of(0x53, direction, message.length + 2, ...message, xor8(message), 0xaa);
}
