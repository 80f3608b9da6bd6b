import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { Mask } from "../../src/kit/driver.js";

/**
 * Masks the serial number: what follows `serial` in a line, wherever the same characters stand, and any other run of
 * letters and digits that is nearly as long as one. There is no checksum to make right.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const text = latin1(stream);
  const masked = (part: string): string => latin1(mask(latin1Bytes(part)));
  const serials = new Set(Array.from(text.matchAll(NAMED), ([, , serial = ""]) => serial));
  let blanked = text.replace(NAMED, (_, before: string, serial: string) => `${before}${masked(serial)}`);
  for (const serial of serials) if (serial.length >= TELLING) blanked = blanked.replaceAll(serial, masked(serial));
  return latin1Bytes(blanked.replace(LONG, masked));
}

/** A serial number's answer, whole or cut off. */
const NAMED = /(serial )([^\r\n]*)/g;
/** Where the word before it came damaged. Nothing else that the meter says has ten letters and digits in a row. */
const LONG = /[0-9A-Za-z]{10,}/g;
/** Fewer characters than this occur by chance, and name nobody. */
const TELLING = 6;
