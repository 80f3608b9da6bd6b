import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";
import type { Mask } from "../../src/kit/driver.js";
import { ACK, BEFORE_PAYLOAD, beginsPacket, cutPacket, openPacket } from "./packet.js";
import { HEADER_BYTES, isProven, PAGE_TYPES, readHeader, recordBytes } from "./page.js";

/** A settings record names the transmitter behind its two offsets: a number up to revision 4, six letters after it. */
const TRANSMITTER_AT = 16;
const TRANSMITTER_NUMBER_BYTES = 4;
const TRANSMITTER_LETTERS = 6;
/** The serial number as XML writes it, whole or broken off. */
const SERIAL = /(SerialNumber\s*=\s*['"])([^'"<>]{1,64})/g;
/** What looks like one where the attribute's name is damaged. */
const SHAPE = /[A-Z]{1,3}[0-9]{6,12}/g;
/** Shorter ones are looked for in their attribute only. */
const TELLING = 4;

/**
 * Masks the receiver's serial number and the transmitter's wherever they stand, and writes the checksums over them anew
 * where they were right before. A transmitter's number that is no text becomes nothing. What is damaged stays damaged.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const out = Uint8Array.from(stream);
  const serials = new Set(Array.from(latin1(stream).matchAll(SERIAL), ({ 2: serial = "" }) => serial));
  const hide = (bytes: Uint8Array): void => {
    for (const serial of serials) hideSerial(bytes, serial, mask);
  };
  let gap = 0;
  for (let at = 0; at < out.length; ) {
    const rest = out.subarray(at);
    const packet = beginsPacket(rest) ? rest.subarray(0, cutPacket(rest)) : rest.subarray(0, 0);
    if (openPacket(packet) === null) {
      at += 1;
      continue;
    }
    hide(out.subarray(gap, at));
    hideShapes(out.subarray(gap, at), mask);
    blankPacket(packet, hide, mask);
    at += packet.length;
    gap = at;
  }
  hide(out.subarray(gap));
  hideShapes(out.subarray(gap), mask);
  return out;
}

/** Changes a sound packet in place. */
function blankPacket(packet: Uint8Array, hide: (bytes: Uint8Array) => void, mask: Mask): void {
  if (packet[3] !== ACK) return;
  const payload = packet.subarray(BEFORE_PAYLOAD, packet.length - 2);
  const header = readHeader(payload);
  const record = payload.subarray(HEADER_BYTES);
  const proven = header?.type === PAGE_TYPES.manufacturing && isProven(record);
  hide(payload);
  if (proven) seal(record);
  if (header?.type === PAGE_TYPES.settings) blankSettings(payload, header.revision, header.count, mask);
  seal(packet);
}

function blankSettings(page: Uint8Array, revision: number, count: number, mask: Mask): void {
  const size = recordBytes(PAGE_TYPES.settings, revision);
  if (size === null) return;
  for (let place = 0; place < count; place += 1) {
    const record = page.subarray(HEADER_BYTES + place * size, HEADER_BYTES + (place + 1) * size);
    if (record.length < size) return;
    const proven = isProven(record);
    const letters = record.subarray(TRANSMITTER_AT, TRANSMITTER_AT + TRANSMITTER_LETTERS);
    if (revision >= 5) letters.set(mask(letters.slice()));
    else letters.fill(0, 0, TRANSMITTER_NUMBER_BYTES);
    if (proven) seal(record);
  }
}

function hideSerial(bytes: Uint8Array, serial: string, mask: Mask): void {
  const text = latin1(bytes);
  const places = serial.length < TELLING ? placesInAttribute(text, serial) : placesOf(text, serial);
  for (const at of places) bytes.set(mask(latin1Bytes(serial)), at);
}

/** For bytes in no sound packet only: elsewhere readings could look so. */
function hideShapes(bytes: Uint8Array, mask: Mask): void {
  for (const { 0: shape, index } of latin1(bytes).matchAll(SHAPE)) bytes.set(mask(latin1Bytes(shape)), index);
}

function placesOf(text: string, serial: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + serial.length)) places.push(at);
  return places;
}

function placesInAttribute(text: string, serial: string): number[] {
  const found = [...text.matchAll(SERIAL)].filter(({ 2: told }) => told === serial);
  return found.map(({ 1: before = "", index }) => index + before.length);
}

/** Writes the CRC of all but the last two bytes into them. */
function seal(bytes: Uint8Array): void {
  const end = bytes.length - 2;
  const crc = crc16Xmodem(bytes.subarray(0, end));
  bytes.set([crc & 0xff, crc >> 8], end);
}
