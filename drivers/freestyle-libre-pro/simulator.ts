import { wallMs } from "../../src/domain/zone.js";
import type { HidSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { simulatedMemory } from "../../src/kit/simulated.js";
import {
  SimulatedWire,
  simulatedCrc16,
  simulatedCrc32,
  simulatedFrame,
} from "../shared/abbott-hid/binary/simulated-wire.js";
import { simulatedReader } from "../shared/abbott-hid/simulated-reader.js";
import { type NumberedTest, numberedMemory } from "../shared/abbott-hid/simulated-store.js";
import { ReportSpeaker } from "../shared/hid/report-speaker.js";

/** Ninety days of a value every quarter of an hour, and some more; how many it holds is not in the sheet. */
const TRAITS = {
  capacity: 10_000,
  low: 40,
  high: 500,
  seconds: true,
  meals: [],
  control: false,
  ketone: true,
} as const;
/** So that the numbers pass 65,536 on the way. */
const FIRST = 65_530;
/** Its seconds count from there, and its owner has moved its clock by so many. */
const TIME_BASE = 1_388_534_400;
const USER_OFFSET = -9_000;

/** A FreeStyle Libre Pro as its protocol describes it: without compression, and without a table of rapid-acting insulin. */
export function simulate(options: SimulatorOptions): HidSimulator {
  const memory = simulatedMemory(options, TRAITS);
  const numbered = numberedMemory(memory, FIRST, true);
  const clock = (): string => new Date(wallMs(memory.clock()) + movedMs).toISOString().slice(0, 19);
  const ofTable = (table: number): NumberedTest[] => numbered.tests().filter((test) => tableOf(test) === table);
  const hubHas = (): SimulatedReading[] => [...ofTable(0), ...ofTable(6)].map(asHubHasIt);
  const next = (): number => FIRST + numbered.tests().length + numbered.changes().length;
  let movedMs = 0;

  /** What the user had made of the reader's time when that record was made, seconds. */
  function offsetAt(number: number): number {
    const moved = numbered.changes().filter((change) => change.number < number);
    return moved.reduce((sum, { from, to }) => sum + (wallMs(to) - wallMs(from)) / 1_000, USER_OFFSET);
  }

  function record(table: number, number: number, kind: number, wall: string, offset: number, body: number[]): number[] {
    const seconds = wallMs(wall) / 1_000 - TIME_BASE - offset;
    const bytes = [...u16(number & 0xffff), kind, 0x80, ...u32(seconds), ...u32(offset), ...body];
    return [...simulatedFrame(0x31, [table, ...bytes, ...u16(simulatedCrc16(bytes))])];
  }

  function testRecord(test: NumberedTest): number[] {
    const { number, deviceTime, kind, amount } = test;
    const offset = offsetAt(number);
    if (tableOf(test) === 6) {
      return record(6, number, 12, deviceTime, offset, [...u16(amount), ...u16((number * 15) % 20_000), 0, 0]);
    }
    const value = kind === "ketone" ? Math.floor((amount * 18) / 10) : amount;
    const kindBits = kind === "ketone" ? 1 : isScan(test) ? 2 : 0;
    const body = [...u16(value + kindBits * 16_384), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    return record(0, number, number % 3, deviceTime, offset, body);
  }

  function changeRecords(table: number): [number, number[]][] {
    return numbered.changes().map(({ number, to }) => {
      const body = [...u32(offsetAt(number)), 0, 0, 0, 0, 0, 0];
      return [number, record(table, number, 46, to, offsetAt(number + 1), body)];
    });
  }

  const wire = new SimulatedWire(options.clock, (opcode, data) => {
    if (opcode === 0x42) return setTime(data);
    const [table] = data;
    if (opcode === 0x51 && table === 1) return simulatedFrame(0x51, factory(options.unit === "mmol/L" ? 0 : 1));
    if (opcode !== 0x31 || (table !== 0 && table !== 6 && table !== 7)) return null;
    const tests = table === 7 ? [] : ofTable(table).map((test): [number, number[]] => [test.number, testRecord(test)]);
    // A change stands in two tables.
    const all = [...tests, ...(table === 6 ? [] : changeRecords(table))].sort((a, b) => b[0] - a[0]);
    return Uint8Array.from([...all.flatMap(([, bytes]) => bytes), 0x31]);
  });

  function setTime(data: Uint8Array): Uint8Array {
    const [second = 0, minute = 0, hour = 0, day = 0, month = 0, low = 0, high = 0] = data;
    const two = (part: number): string => String(part).padStart(2, "0");
    const to = `${low + 256 * high}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
    if (Number.isNaN(Date.parse(`${to}Z`))) return simulatedFrame(0x7e, [0x42, 1]);
    const from = clock();
    numbered.tests();
    movedMs += wallMs(to) - wallMs(from);
    numbered.moved(movedMs);
    if (to !== from) numbered.clockWasSet(from, to);
    return Uint8Array.of(0x42);
  }

  const text = simulatedReader(options, {
    usb: { vendorId: "1a61", productId: "3670", ambiguous: false, source: "sheet a" },
    serialShape: "AAAANNN-ANNNN",
    version: "1.0.14",
    serialWord: "$sn?",
    unitWord: "$uom?",
    memory,
    store: { ...numbered, memory: hubHas, log: () => null },
  });
  const speaker = new ReportSpeaker(options.clock, 1);

  function ownAnswer(word: string): string | null {
    if (word === "$dbrnum?") return `DB Record Number = ${next()}\r\n`;
    if (word !== "$rdt?") return null;
    const [year = 0, ...rest] = clock().split(/\D/).map(Number);
    return `${year - 2_000},${rest.join()},1\r\n`;
  }

  return {
    serial: text.serial,
    usb: text.usb,
    reportBytes: 64,
    clock,
    get memory() {
      return hubHas();
    },
    receive(report, send) {
      const [, type, length = 0] = report;
      if (type === 0x0a || type === 0x0d) {
        wire.receive(report.slice(1), send);
        return;
      }
      const isText = type === 0x60 || type === 0x21;
      const message = isText ? ownAnswer(String.fromCharCode(...report.slice(3, 3 + length))) : null;
      if (message === null) text.receive(report, send);
      else void speaker.say([textReport(message)], send);
    },
  };
}

function textReport(message: string): Uint8Array {
  const sum = Array.from(message, (letter) => letter.charCodeAt(0)).reduce((a, b) => a + b, 0);
  const all = `${message}CKSM:${sum.toString(16).toUpperCase().padStart(8, "0")}\r\nCMD OK\r\n`;
  const report = new Uint8Array(64);
  report.set([0x60, all.length, ...Array.from(all, (letter) => letter.charCodeAt(0))]);
  return report;
}

/** What the factory set: the unit at 133, the time base at 156, the checksum behind 232 bytes. */
function factory(unit: number): number[] {
  const bytes = new Uint8Array(232);
  bytes[133] = unit;
  new DataView(bytes.buffer).setUint32(156, TIME_BASE, true);
  return [1, ...bytes, ...u32(simulatedCrc32(bytes))];
}

/** Of twenty tests about thirteen are the sensor's own values, the others scans, strips and ketone strips. */
function tableOf({ kind, number }: NumberedTest): number {
  return kind === "glucose" && (number * 7) % 20 < 13 ? 6 : 0;
}

function isScan({ number }: NumberedTest): boolean {
  return (number * 7) % 20 < 17;
}

function asHubHasIt(test: NumberedTest): SimulatedReading {
  const { deviceTime, kind, amount } = test;
  const rest = { control: false, meal: null } as const;
  if (kind === "ketone") {
    return { deviceTime, kind, value: amount / 10, unit: "mmol/L", outOfRange: null, ...rest };
  }
  const low = tableOf(test) === 6 || isScan(test) ? TRAITS.low : 20;
  const outOfRange = amount < low ? "low" : amount > TRAITS.high ? "high" : null;
  const value = Math.min(TRAITS.high, Math.max(low, amount));
  return { deviceTime, kind, value, unit: "mg/dL", outOfRange, ...rest };
}

function u16(number: number): number[] {
  return [number & 0xff, (number >> 8) & 0xff];
}

function u32(number: number): number[] {
  return [...u16(number & 0xffff), ...u16((number >> 16) & 0xffff)];
}
