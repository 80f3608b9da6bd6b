import { crc16Xmodem } from "../../src/kit/checksum.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { PacedSpeaker, simulatedSerial } from "../../src/kit/simulated.js";
import {
  ascii,
  egv,
  event,
  GENERATIONS,
  int,
  long,
  manufacturing,
  meter,
  page,
  paged,
  said,
  settings,
} from "./simulated-bytes.js";
import { type LoggedRecord, simulatedLog } from "./simulated-log.js";

/** Milliseconds that one byte takes at 115,200 baud, 8N1. */
const BYTE_MS = 10_000 / 115_200;
/** How it answers, by number. */
const DONE = 1;
const NOT_UNDERSTOOD = 2;
const UNKNOWN_COMMAND = 3;
const UNKNOWN_PARAMETER = 4;

/**
 * A Dexcom receiver as its protocol describes it: a G4, a G5 or a G6 by its seed. It answers packets whose CRC is right,
 * declines damaged ones and words that it does not know, and says nothing to anything else.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const generation = GENERATIONS[options.seed % GENERATIONS.length] ?? GENERATIONS[0];
  const serial = simulatedSerial(options.seed, "SMNNNNNNNN");
  const log = simulatedLog(options, generation.later);
  const speaker = new PacedSpeaker(options.clock, BYTE_MS, options.seed);
  let declines = options.declines ?? 0;
  const laidOut = new Map<number, { readonly logged: number; readonly pages: Uint8Array[][] }>();
  let heard: number[] = [];

  function answer(command: number, payload: readonly number[]): Uint8Array {
    switch (command) {
      case 0x0a:
        return said(DONE, []);
      case 0x0b: {
        const { name, id, software } = generation;
        return said(
          DONE,
          ascii(
            `<FirmwareHeader SchemaVersion='1' ProductId='${id}' ProductName='${name}' SoftwareNumber='${software}'/>`,
          ),
        );
      }
      case 0x10:
      case 0x11: {
        const pages = pagesOf(payload[0] ?? -1);
        if (pages === null) return said(UNKNOWN_PARAMETER, []);
        if (command === 0x10)
          return said(DONE, pages.length === 0 ? [...long(-1), ...long(-1)] : [...long(0), ...long(pages.length - 1)]);
        const number = int(payload.slice(1, 5));
        const records = pages[number];
        if (records === undefined || payload[5] !== 1) return said(UNKNOWN_PARAMETER, []);
        return said(DONE, page(payload[0] ?? 0, revisionOf(payload[0] ?? 0), number, records));
      }
      case 0x1d:
        return said(DONE, long(log.offset()));
      case 0x1e:
        if (payload.length !== 4) return said(UNKNOWN_PARAMETER, []);
        log.setOffset(int(payload));
        return said(DONE, []);
      case 0x22:
        return said(DONE, long(log.system()));
      case 0x25:
        return said(DONE, [options.unit === "mmol/L" ? 2 : 1]);
      default:
        return said(UNKNOWN_COMMAND, []);
    }
  }

  function revisionOf(type: number): number {
    if (type === 4 || type === 18) return generation.egv;
    return type === 10 ? generation.meter : type === 12 ? generation.settings : 1;
  }

  /** The records of that page type, a list for each page; null for a type that the receiver does not have. */
  function pagesOf(type: number): Uint8Array[][] | null {
    // Laid out anew only when something was logged since: the hub asks for one page after the other.
    const logged = log.records().length + log.offsets().length;
    const known = laidOut.get(type);
    if (known?.logged === logged) return known.pages;
    const pages = layOut(type);
    if (pages !== null) laidOut.set(type, { logged, pages });
    return pages;
  }

  function layOut(type: number): Uint8Array[][] | null {
    const only = (...types: LoggedRecord["type"][]) => log.records().filter((record) => types.includes(record.type));
    if (type === 0) return [[manufacturing(serial)]];
    if (type === 4) return paged(only("egv").map((record) => egv(record, generation, 0)));
    if (type === 18 && generation.later) return paged(only("later").map((record) => egv(record, generation, 0x2000)));
    if (type === 10) return paged(only("meter").map((record) => meter(record, generation)));
    if (type === 11) return paged(only("carbs", "insulin").map(event));
    return type === 12 ? paged(log.offsets().map((offset) => settings(offset, generation))) : null;
  }

  return {
    serial,
    usb: { vendorId: "22a3", productId: "0047", ambiguous: false, source: "both sheets" },
    clock: log.clock,
    get memory() {
      const all = log.records();
      const sent = (["egv", "later", "meter", "event"] as const).flatMap((kind) =>
        all.filter(({ type }) => type === kind || (kind === "event" && (type === "carbs" || type === "insulin"))),
      );
      return sent.flatMap(({ reading }) => (reading === null ? [] : [reading]));
    },
    receive(bytes, send) {
      heard.push(...bytes);
      for (;;) {
        while (heard.length > 0 && heard[0] !== 1) heard.shift();
        const length = (heard[1] ?? 0) + 256 * (heard[2] ?? 0);
        if (heard.length >= 3 && (length < 6 || length > 64)) {
          heard.shift();
          continue;
        }
        if (heard.length < 6 || heard.length < length) return;
        const packet = Uint8Array.from(heard.slice(0, length));
        heard = heard.slice(length);
        const crc = crc16Xmodem(packet.subarray(0, length - 2));
        const sound = packet[length - 2] === (crc & 0xff) && packet[length - 1] === crc >> 8;
        declines -= sound ? 1 : 0;
        const reply =
          sound && declines < 0
            ? answer(packet[3] ?? 0, [...packet.subarray(4, length - 2)])
            : said(NOT_UNDERSTOOD, []);
        void speaker.say(reply, send);
      }
    },
  };
}
