import { concat } from "../../src/kit/bytes.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";
import type { LoggedOffset, LoggedRecord } from "./simulated-log.js";

/** A page: a header of 28 bytes and room for 500. */
const ROOM = 500;

/** The generations that were sold, and how their records are laid out. */
export const GENERATIONS = [
  { name: "Dexcom G4 Receiver", id: "G4Receiver", software: "SW10050", egv: 2, meter: 1, settings: 3, later: false },
  {
    name: "Dexcom G5 Mobile Receiver",
    id: "G5Receiver",
    software: "SW10617",
    egv: 4,
    meter: 3,
    settings: 5,
    later: false,
  },
  { name: "Dexcom G6 Receiver", id: "OrionReceiver", software: "SW11308", egv: 5, meter: 3, settings: 6, later: true },
] as const;
/** One of them. */
export type Generation = (typeof GENERATIONS)[number];

/** A sensor reading; `marks`: bits above its value. */
export function egv(record: LoggedRecord, { egv: revision }: Generation, marks: number): Uint8Array {
  const { system, display, measured, amount } = record;
  const head = [...long(system), ...long(display), ...short(amount | marks)];
  if (revision < 4) return sealed([...head, 4]);
  const rest = [...long(measured), ...long(measured - 86_400), 0, 4, 6];
  return sealed([...head, ...rest, ...(revision < 5 ? [] : short(13))]);
}

/** A value typed in from a meter. */
export function meter({ system, display, amount }: LoggedRecord, { meter: revision }: Generation): Uint8Array {
  const head = [...long(system), ...long(display), ...short(amount)];
  return sealed(revision < 3 ? [...head, ...long(display)] : [...head, 1, ...long(system), ...long(system - 86_400)]);
}

/** Carbohydrates or insulin. */
export function event({ type, system, display, amount }: LoggedRecord): Uint8Array {
  return sealed([...long(system), ...long(display), type === "carbs" ? 1 : 2, 0, ...long(display), ...long(amount)]);
}

/** Settings from a time when the display was set. */
export function settings({ system, offset }: LoggedOffset, { settings: revision }: Generation): Uint8Array {
  const transmitter = revision < 5 ? long(0x0012_3456) : ascii("4A1B2C");
  const head = [...long(system), ...long(system + offset), ...long(0), ...long(offset), ...transmitter];
  const size = revision < 5 ? 48 : revision < 6 ? 50 : 60;
  return sealed([...head, ...new Array<number>(size - 2 - head.length).fill(0)]);
}

/** The record that names the receiver. */
export function manufacturing(serial: string): Uint8Array {
  const xml = ascii(
    `<ManufacturingParameters SerialNumber='${serial}' HardwarePartNumber='MT20649' HardwareRevision='10'/>`,
  );
  const head = [...long(86_000), ...long(86_000), ...xml];
  return sealed([...head, ...new Array<number>(ROOM - 2 - head.length).fill(0)]);
}

/** Records as they fall on pages. */
export function paged(records: readonly Uint8Array[]): Uint8Array[][] {
  const each = Math.floor(ROOM / (records[0]?.length ?? ROOM));
  return Array.from({ length: Math.ceil(records.length / each) }, (_, at) => records.slice(at * each, (at + 1) * each));
}

/** A whole page: its header with a CRC, its records, and filling. */
export function page(type: number, revision: number, number: number, records: readonly Uint8Array[]): Uint8Array {
  const first = number * Math.floor(ROOM / (records[0]?.length ?? ROOM));
  const head = [
    ...long(first),
    ...long(records.length),
    type,
    revision,
    ...long(number),
    ...long(0),
    ...long(0),
    ...long(0),
  ];
  const whole = new Uint8Array(28 + ROOM).fill(0xff);
  whole.set(concat([sealed(head), ...records]));
  return whole;
}

/** A packet. */
export function said(command: number, payload: readonly number[] | Uint8Array): Uint8Array {
  return sealed([1, ...short(payload.length + 6), command, ...payload]);
}

/** The bytes with their CRC behind them. */
function sealed(bytes: readonly number[]): Uint8Array {
  const all = Uint8Array.from(bytes);
  return concat([all, Uint8Array.from(short(crc16Xmodem(all)))]);
}

const short = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
/** Four bytes, the lowest first. */
export const long = (value: number): number[] => [...short(value), ...short(value >> 16)];
/** Four bytes as a number with a sign. */
export const int = (bytes: readonly number[]): number => new DataView(Uint8Array.from(bytes).buffer).getInt32(0, true);
/** Text as bytes. */
export const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
