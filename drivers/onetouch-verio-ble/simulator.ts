import type { BleSimulator, SimulatedCharacteristic, SimulatorOptions } from "../../src/kit/driver.js";
import { type SimulatedTest, simulatedSerial } from "../../src/kit/simulated.js";
import type { GattName, GattNotice } from "../../src/kit/transport.js";
import { letters, little, settableMemory, spoken } from "../shared/lifescan/simulated.js";

const EPOCH = "2000-01-01T00:00:00";
/** It marks tests with control solution, shows 20 to 600 mg/dL, and keeps 500 tests (drivers/onetouch-verio, sheet b). */
const TRAITS = {
  capacity: 500,
  low: 20,
  high: 600,
  seconds: true,
  meals: [],
  control: true,
  ketone: false,
} as const;
/** How many tests were taken before those in its memory. */
const TAKEN_BEFORE = 700;
/** What the meter takes from a request to what it says to it, milliseconds: some connection intervals. */
const PACE_MS = 10;
/** How long it waits for an acknowledgement of what it said before it hears anything else, milliseconds. */
const WAITS_MS = 1_000;

const VERIO = "af9df7a1-e595-11e3-96b4-0002a5d5c51b";
const ASKED = "af9df7a2-e595-11e3-96b4-0002a5d5c51b";
const TOLD: GattName = { service: VERIO, characteristic: "af9df7a3-e595-11e3-96b4-0002a5d5c51b" };

/**
 * A OneTouch Verio Flex as its protocol describes it, with a memory that its seed decides. One request at a time: what
 * comes before its last answer was acknowledged it does not hear, for a second. It has no word for being erased.
 */
export function simulate(options: SimulatorOptions): BleSimulator {
  const { clock } = options;
  const serial = simulatedSerial(options.seed, "ANNAANAN");
  const memory = settableMemory(options, TRAITS);
  const counters = new WeakMap<SimulatedTest, number>();
  const texts: Readonly<Record<string, string>> = {
    "2a29": "LifeScan, Inc.",
    "2a24": "OneTouch Verio Flex",
    "2a25": serial,
    "2a26": "VF_01.02.00",
  };
  let taken = TAKEN_BEFORE;
  let declines = options.declines ?? 0;
  /** What the hub that is connected hears; a former one hears no more. */
  let line: { send(notice: GattNotice): void } | null = null;
  /** Until then it waits for its last answer to be acknowledged, and hears no request. */
  let waitsUntilMs = 0;

  /** Newest first, each with its number. */
  function tests(): readonly SimulatedTest[] {
    const all = memory.tests();
    for (const test of all.toReversed()) {
      if (counters.has(test)) continue;
      taken += 1;
      counters.set(test, taken);
    }
    return all;
  }

  /** What stands behind the prefix: status 6 and data, or a refusal; null where the acknowledgement is all. */
  function answer([command, ...rest]: readonly number[]): number[] | null {
    declines -= 1;
    if (declines >= 0) return [8];
    const words = rest.join(" ");
    if (command === 0x20 && words === "2") return [6, ...little(memory.seconds(EPOCH), 4)];
    if (command === 0x20 && rest[0] === 1 && rest.length === 5) {
      memory.set(EPOCH, whole(rest.slice(1)));
      return null;
    }
    if (command === 0x0a && words === "2 6") return [6, ...little(newest(), 4)];
    if (command === 0x27 && words === "0") return [6, ...little(tests().length, 2)];
    if (command !== 0xb3 || rest.length !== 2) return [9];
    const test = tests().find((one) => counters.get(one) === whole(rest));
    return test === undefined ? [8] : [6, ...record(test)];
  }

  function newest(): number {
    tests();
    return taken;
  }

  function record({ deviceTime, amount, control }: SimulatedTest): number[] {
    return [...little(memory.seconds(EPOCH, deviceTime), 4), ...little(amount, 2), control ? 1 : 0, 0, 0, 0, 0];
  }

  async function say(to: typeof line, words: readonly number[]): Promise<void> {
    await clock.sleep(PACE_MS);
    if (to === line) line?.send({ from: TOLD, bytes: Uint8Array.from(words) });
  }

  async function talk(to: typeof line, said: number[] | null): Promise<void> {
    await say(to, [0x81]);
    if (said === null) return;
    waitsUntilMs = clock.now() + WAITS_MS;
    await say(to, [0x01, ...spoken([0x03, ...said])]);
  }

  return {
    serial,
    name: `OneTouch ${serial.slice(-4)}`,
    advertises: [VERIO],
    characteristics: CHARACTERISTICS,
    passkey: 100_000 + (options.seed % 900_000),
    clock: () => memory.clock(),
    get memory() {
      return memory.readings();
    },
    connected(send) {
      line = { send };
      waitsUntilMs = 0;
    },
    disconnected() {
      line = null;
    },
    readValue({ characteristic }) {
      const text = texts[characteristic];
      return text === undefined ? { att: 0x02 } : Uint8Array.from(letters(text));
    },
    write({ characteristic }, bytes) {
      if (characteristic !== ASKED) return { att: 0x03 };
      if (String(bytes) === "129") waitsUntilMs = 0;
      const words = heard(bytes);
      if (words !== null && clock.now() >= waitsUntilMs) void talk(line, answer(words));
      return "done";
    },
  };
}

const CHARACTERISTICS: readonly SimulatedCharacteristic[] = [
  ...["2a29", "2a24", "2a25", "2a26"].map(
    (characteristic): SimulatedCharacteristic => ({
      service: "180a",
      characteristic,
      uses: ["read"],
      bonded: false,
    }),
  ),
  { service: VERIO, characteristic: ASKED, uses: ["write"], bonded: true },
  { ...TOLD, uses: ["notify"], bonded: true },
];

/** The words of a request behind its prefix, if its packet and frame are as they should be. */
function heard(bytes: Uint8Array): number[] | null {
  const message = [...bytes.subarray(4, -3)];
  if (bytes.length < 8 || String([1, ...spoken(message)]) !== String([...bytes])) return null;
  const [prefix, ...words] = message;
  return prefix === 3 ? words : null;
}

function whole(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
