import { Problem } from "../../src/domain/problem.js";
import type { SourceIdentity, SourceReading } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { CR, ETB, LF } from "../shared/astm/control.js";
import { readHeader } from "../shared/astm/header.js";
import { wallOfStamp } from "../shared/astm/wall.js";
import { limits } from "./limits.js";

/** Records that can be asked for: their number has three hex digits (sheet a). */
export const MOST_RECORDS = 0x1000;

/** An answer to a record's number: `D|`, 16 characters, ETB, two hex digits, `|`, CR, LF (sheet a). */
const ANSWER_BYTES = 24;
const ETB_AT = 18;
const BAR = 0x7c;
/** Flags (sheet a). The others are unknown. */
const FLAG = { high: 0x01, low: 0x02, control: 0x04 } as const;
/** Largest number that a value without a flag may be: three digits of the display. */
const LARGEST = 999;

/**
 * Who a header names: the first component is the model, the last the serial number (sheet a). Throws
 * FRAME_MALFORMED if it is no header, METER_UNSUPPORTED for a meter of another family.
 */
export function readIdentity(text: string): SourceIdentity {
  const { product, components } = readHeader(text);
  if (/^(?:Bayer|Contour)/.test(product)) {
    throw new Problem("METER_UNSUPPORTED", `The meter calls itself ${product}: it is another maker's.`);
  }
  return {
    manufacturer: "Arkray",
    model: product,
    serial: (components.length > 1 ? components.at(-1) : null) || null,
    // What stands between model and serial number is not known to be a version.
    firmware: null,
    displayUnit: null,
  };
}

/**
 * The 16 characters of a record. Throws FRAME_CHECKSUM or FRAME_MALFORMED if the answer is damaged: asking again
 * may help.
 */
export function recordText(raw: Uint8Array): string {
  if (raw.length !== ANSWER_BYTES) throw malformed(`${raw.length} bytes long instead of ${ANSWER_BYTES}`, 0);
  const ends = raw[ETB_AT] === ETB && raw[21] === BAR && raw[22] === CR && raw[23] === LF;
  if (!ends || latin1(raw.subarray(0, 2)) !== "D|") throw malformed("of another shape", 0);
  const right = sum8(raw.subarray(0, ETB_AT + 1))
    .toString(16)
    .toUpperCase()
    .padStart(2, "0");
  const stated = latin1(raw.subarray(ETB_AT + 1, ETB_AT + 3));
  if (stated !== right) {
    const detail = `The record says the checksum ${JSON.stringify(stated)}, but its bytes give ${right}.`;
    throw new Problem("FRAME_CHECKSUM", detail, { offset: ETB_AT + 1, bytes: raw.length });
  }
  return latin1(raw.subarray(2, ETB_AT));
}

/**
 * A record whose checksum was right as a reading: value low byte, high byte (hex), minute, hour, day, month, year
 * (decimal), flags (hex). Sheet a. Throws FRAME_MALFORMED for what is no reading: a date that does not exist, a
 * value that no test gives, flags that contradict each other.
 */
export function readRecord(raw: Uint8Array): SourceReading {
  const text = recordText(raw);
  const parts = /^([0-9A-F]{2})([0-9A-F]{2})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([0-9A-F]{2})$/i.exec(text);
  if (parts === null) throw malformed("not of the digits that a record has", 2);
  const [, low = "", high = "", minute = "", hour = "", day = "", month = "", year = "", marks = ""] = parts;
  const sent = Number.parseInt(high + low, 16);
  const flags = Number.parseInt(marks, 16);
  const control = (flags & FLAG.control) !== 0;
  const unknown = flags & ~(FLAG.high | FLAG.low | FLAG.control);
  const { value, outOfRange } = shownOf(sent, flags);
  return meterReading({
    kind: "glucose",
    value,
    outOfRange,
    unit: "mg/dL",
    control,
    meal: null,
    note: unknown === 0 ? null : `Flags ${unknown.toString(16).toUpperCase().padStart(2, "0")}`,
    deviceTime: wallOfStamp(`20${year}${month}${day}${hour}${minute}`),
    asSent: text.slice(0, 4) + marks,
    raw,
  });
}

/** What a flag says counts, whatever number stands beside it: which one that is for HI and LO is not known. */
function shownOf(sent: number, flags: number): Pick<SourceReading, "value" | "outOfRange"> {
  const [high, low] = [(flags & FLAG.high) !== 0, (flags & FLAG.low) !== 0];
  if (high && low) throw malformed("marked as HI and as LO", 16);
  if (high) return { value: limits.high, outOfRange: "high" };
  if (low) return { value: limits.low, outOfRange: "low" };
  if (sent === 0 || sent > LARGEST) throw malformed(`of the value ${sent}, which no test gives`, 2);
  if (sent > limits.high) return { value: limits.high, outOfRange: "high" };
  if (sent < limits.low) return { value: limits.low, outOfRange: "low" };
  return { value: sent, outOfRange: null };
}

function malformed(what: string, offset: number): Problem {
  return new Problem("FRAME_MALFORMED", `A record is ${what}.`, { offset });
}
