import { wallAt } from "../../src/domain/zone.js";
import type {
  BleSimulator,
  SimulatedCharacteristic,
  SimulatedReading,
  SimulatorOptions,
} from "../../src/kit/driver.js";
import { below, seededRandom, simulatedSerial } from "../../src/kit/simulated.js";
import type { GattName, GattNotice } from "../../src/kit/transport.js";
import { letters, little, sfloatWord, withCheck } from "./simulated-bytes.js";

/** A value every five minutes for eighteen days. */
const EVERY_MINUTES = 5;
const CAPACITY = 18 * 288;
const MINUTE_MS = 60_000;
/** Four notifications in a connection event of 15 ms. */
const EVENT_MS = 15;
const NOTICES_AN_EVENT = 4;
/** What a notification holds with the default MTU. */
const NOTICE_BYTES = 20;
const SERVICE = "181f";
const name = (characteristic: string): GattName => ({ service: SERVICE, characteristic });

/** One value: minutes since the start, whole mg/dL or beyond, and whether a calibration is recommended. */
interface Value {
  readonly minutes: number;
  readonly amount: number;
  readonly recommended: boolean;
  readonly trend: number;
}

/**
 * A CGM as the service describes it, with a memory that its seed decides: its values wander from 30 to 410 mg/dL, of which 40
 * to 400 are told as numbers. Even seeds have the check over each value. Nothing but its records can be asked for: who writes
 * to its other control point or to its session's start gets an error.
 */
export function simulate(options: SimulatorOptions): BleSimulator {
  const { clock, zone, clockErrorMs = 0 } = options;
  const serial = simulatedSerial(options.seed, "ANNNNNNNNN");
  const random = seededRandom(options.seed);
  const hasCheck = options.seed % 2 === 0;
  const count = Math.min(options.count, CAPACITY);
  // The newest value is of the last half minute, and some minutes of warming up were before the first.
  const startMs = Math.floor(clock.now() / 1_000) * 1_000 - (count * EVERY_MINUTES + 3) * MINUTE_MS - 30_000;
  const startWall = wallAt(zone, startMs + clockErrorMs);
  const values: Value[] = [];
  let amount = 110;
  let declines = options.declines ?? 0;
  let nextAt =
    options.newReadingEveryMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + options.newReadingEveryMs;
  let line: { send(notice: GattNotice): void } | null = null;
  let running = 0;

  const minutesAt = (ms: number): number => Math.floor((ms - startMs) / MINUTE_MS);
  const finished = (bytes: readonly number[]): number[] => (hasCheck ? withCheck(bytes) : [...bytes]);

  function take(minutes: number): void {
    const step = below(random, 31) - 15;
    amount = Math.min(410, Math.max(30, amount + step));
    values.push({ minutes, amount, recommended: below(random, 50) === 0, trend: step });
  }

  /** Oldest first, with those that fell due since somebody last looked; never two in a minute. */
  function memory(): readonly Value[] {
    for (; nextAt <= clock.now(); nextAt += options.newReadingEveryMs ?? 0) {
      if (minutesAt(nextAt) > (values.at(-1)?.minutes ?? -1)) take(minutesAt(nextAt));
    }
    if (values.length > CAPACITY) values.splice(0, values.length - CAPACITY);
    return values;
  }

  function record({ minutes, amount: mgDl, recommended, trend }: Value): number[] {
    const low = mgDl < 40;
    const high = mgDl > 400;
    const octets = [...(recommended ? [0x04] : []), ...(low ? [0x40] : high ? [0x80] : [])];
    const trended = !low && !high && minutes % 2 === 0;
    const flags = (recommended ? 0x40 : 0) | (low || high ? 0x20 : 0) | (trended ? 0x01 : 0);
    const glucose = low ? 0x0802 : high ? 0x07fe : sfloatWord(mgDl, 0);
    const size = 6 + octets.length + (trended ? 2 : 0) + (hasCheck ? 2 : 0);
    const slope = trended ? little(sfloatWord(trend, -1), 2) : [];
    return finished([size, flags, ...little(glucose, 2), ...little(minutes, 2), ...octets, ...slope]);
  }

  function asReading({ minutes, amount: mgDl }: Value): SimulatedReading {
    const deviceTime = new Date(Date.parse(`${startWall}Z`) + minutes * MINUTE_MS).toISOString().slice(0, 19);
    const outOfRange = mgDl < 40 ? "low" : mgDl > 400 ? "high" : null;
    const value = Math.min(400, Math.max(40, mgDl));
    return { deviceTime, kind: "glucose", value, unit: "mg/dL", outOfRange, control: false, meal: null };
  }

  function say(characteristic: string, bytes: readonly number[]): void {
    line?.send({ from: name(characteristic), bytes: Uint8Array.from(bytes) });
  }

  /** Sends notifications and then the end, unless the hub hangs up or asks for something else. */
  async function send(notices: readonly (readonly number[])[], end: readonly number[]): Promise<void> {
    running += 1;
    const [mine, to] = [running, line];
    for (let at = 0; at < notices.length; at += NOTICES_AN_EVENT) {
      await clock.sleep(EVENT_MS);
      if (mine !== running || to !== line) return;
      for (const notice of notices.slice(at, at + NOTICES_AN_EVENT)) say("2aa7", notice);
    }
    await clock.sleep(EVENT_MS);
    if (mine === running && to === line) say("2a52", end);
  }

  function asked([op = 0, operator, filter, low = 0, high = 0]: Uint8Array): void {
    const answer = (code: number): Promise<void> => send([], [6, 0, op, code]);
    declines -= 1;
    if (declines >= 0) void answer(2);
    else if (op === 3) void answer(1);
    else if (op !== 1 && op !== 4) void answer(2);
    else if (operator !== 1 && !(operator === 3 && filter === 1)) void answer(operator === 3 ? 9 : 4);
    else {
      const from = operator === 3 ? low + 256 * high : 0;
      const found = memory().filter(({ minutes }) => minutes >= from);
      if (op === 4) void send([], [5, 0, ...little(found.length, 2)]);
      else if (found.length === 0) void answer(6);
      else void send(packed(found.map(record)), [6, 0, op, 1]);
    }
  }

  for (let at = 1; at <= count; at += 1) take(at * EVERY_MINUTES + 3);
  return {
    serial,
    name: `CGM ${serial.slice(-4)}`,
    advertises: [SERVICE],
    characteristics: CHARACTERISTICS,
    passkey: 100_000 + (options.seed % 900_000),
    clock: () => wallAt(zone, clock.now() + clockErrorMs),
    get memory() {
      return memory().map(asReading);
    },
    connected(told) {
      line = { send: told };
    },
    disconnected() {
      line = null;
    },
    readValue({ characteristic }) {
      const texts: Readonly<Record<string, string>> = {
        "2a29": "Example",
        "2a24": "Sensor 5",
        "2a25": serial,
        "2a26": "1.2.3",
      };
      const text = texts[characteristic];
      if (text !== undefined) return Uint8Array.from(letters(text));
      // Calibration, trend; interstitial fluid under the skin.
      const feature = [0x01, hasCheck ? 0x90 : 0x80, 0x00, 0x59];
      const values: Readonly<Record<string, readonly number[]>> = {
        "2aa8": hasCheck ? withCheck(feature) : [...feature, 0xff, 0xff],
        "2aa9": finished([...little(minutesAt(clock.now()), 2), 0, 0, 0]),
        "2aaa": finished([...dateTime(startWall), 0x80, 0xff]),
      };
      const value = values[characteristic];
      return value === undefined ? { att: 0x02 } : Uint8Array.from(value);
    },
    write({ characteristic }, bytes) {
      if (characteristic !== "2a52") return { att: 0x03 };
      asked(bytes);
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
  { ...name("2aa7"), uses: ["notify"], bonded: true },
  { ...name("2aa8"), uses: ["read"], bonded: true },
  { ...name("2aa9"), uses: ["read"], bonded: true },
  { ...name("2aaa"), uses: ["read", "write"], bonded: true },
  { ...name("2a52"), uses: ["write", "indicate"], bonded: true },
  { ...name("2aac"), uses: ["write", "indicate"], bonded: true },
];

/** As many records in a notification as it holds. */
function packed(records: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const notices: number[][] = [];
  for (const record of records) {
    const last = notices.at(-1);
    if (last !== undefined && last.length + record.length <= NOTICE_BYTES) last.push(...record);
    else notices.push([...record]);
  }
  return notices;
}

function dateTime(wall: string): number[] {
  const [year = 0, ...rest] = wall.split(/[-T:]/).map(Number);
  return [...little(year, 2), ...rest];
}
