import { isProblem, Problem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { Mask } from "../../src/kit/driver.js";
import { APDU, DATA, findApdu, HEADER_BYTES, readApdu, readDataApdu } from "../shared/ieee11073/apdu.js";
import { readAssociationRequest } from "../shared/ieee11073/association.js";
import { labelLength, readDeviceAttributes, readSpecifications } from "../shared/ieee11073/device.js";
import { unlessMalformed } from "../shared/ieee11073/dialogue.js";
import { MderReader } from "../shared/ieee11073/mder.js";
import { ATTRIBUTE } from "../shared/ieee11073/nomenclature.js";

/** Kind of a serial number among the texts of a production specification (sheet a). */
const SERIAL = 1;
/** A system id begins with its maker's three bytes; the other five tell the device. */
const MAKER_BYTES = 3;
/** Shortest serial number that is looked for in what is not understood. */
const LEAST = 4;
/** Behind the two headers of a message: where the data begin. */
const DATA_BYTES = HEADER_BYTES + 8;

/** What carries results, and so no name: its numbers must stay. */
const REPORTS: readonly number[] = [DATA.confirmedEventReport, DATA.eventReport];

/**
 * Masks serial numbers, and the number by which the device is known on the bus, wherever they stand: there is no checksum to
 * mend. Everything but results may be a damaged answer to who it is: every run of digits in it is masked.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const out = Uint8Array.from(stream);
  const serials = new Set<string>();
  for (let at = 0; at < stream.length; ) {
    const { skipped, length } = findApdu(stream.subarray(at));
    // What is left behind the last message was broken off.
    const passed = length === 0 ? stream.length - at : skipped;
    maskRuns(out.subarray(at, at + passed), mask);
    at += passed;
    const message = stream.subarray(at, at + length);
    if (length > 0)
      for (const serial of blankMessage(out.subarray(at, at + length), message, mask)) serials.add(serial);
    at += length;
  }
  for (const serial of serials) maskAll(out, stream, serial, mask);
  return out;
}

/** Blanks one message, and gives the serial numbers that it tells. */
function blankMessage(out: Uint8Array, message: Uint8Array, mask: Mask): readonly string[] {
  const apdu = readApdu(message);
  if (apdu.choice === APDU.associationRequest) {
    maskSystemId(out, () => readAssociationRequest(apdu.body).systemIdAt);
    return [];
  }
  const data = apdu.choice === APDU.presentation ? unlessMalformed(() => readDataApdu(apdu)) : null;
  if (data !== null && !(data instanceof Problem) && REPORTS.includes(data.choice)) return [];
  maskRuns(out.subarray(HEADER_BYTES), mask);
  if (data === null || data instanceof Problem || data.choice !== DATA.getResponse) return [];
  maskSystemId(out, () => systemIdAt(message));
  const serials = unlessMalformed(() => serialsIn(data.body));
  return serials instanceof Problem ? [] : serials;
}

function serialsIn(body: Uint8Array): string[] {
  const entries = readSpecifications(readDeviceAttributes(body).get(ATTRIBUTE.productionSpecification));
  return entries.flatMap(({ kind, text }) => {
    const all = latin1(text).replace(/[\0 ]+$/, "");
    const serial = all.slice(labelLength(all));
    return kind === SERIAL && serial.length >= LEAST ? [serial] : [];
  });
}

/** Where the device's system id stands among its attributes, with the length of its text before it. */
function systemIdAt(message: Uint8Array): number {
  const reader = new MderReader(message.subarray(DATA_BYTES), "The device's attributes", DATA_BYTES);
  reader.u16();
  const places = reader.sequence((item) => {
    const id = item.u16();
    const at = item.offset + 4;
    item.octets();
    return { id, at };
  });
  return places.find(({ id }) => id === ATTRIBUTE.systemId)?.at ?? message.length;
}

function maskSystemId(out: Uint8Array, place: () => number): void {
  try {
    const at = place();
    out.fill(0, at + MAKER_BYTES, Math.min(out.length, at + 8));
  } catch (error) {
    // Of a damaged message only the text is known to be telling.
    if (!isProblem(error, "FRAME_MALFORMED", "METER_UNSUPPORTED")) throw error;
  }
}

/** Masks every run of digits that could be a piece of a serial number. */
function maskRuns(out: Uint8Array, mask: Mask): void {
  for (const { index, 0: run } of latin1(out).matchAll(/[0-9]{4,}/g)) out.set(mask(latin1Bytes(run)), index);
}

function maskAll(out: Uint8Array, stream: Uint8Array, serial: string, mask: Mask): void {
  const text = latin1(stream);
  for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + 1)) {
    out.set(mask(latin1Bytes(serial)), at);
  }
}
