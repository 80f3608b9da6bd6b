import { isProblem } from "../../src/domain/problem.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { Mask } from "../../src/kit/driver.js";
import { ANSWER_BYTES } from "./codec.js";
import { DATA_AT, readPacket } from "./packet.js";

/** Where the check bytes of a serial number's packet stand. */
const CHECK_AT = DATA_AT + ANSWER_BYTES.serial;
/** What the size of that packet is: the command and its data. */
const SERIAL_SIZE = ANSWER_BYTES.serial + 1;

/**
 * Masks the serial number and changes the check bytes by just as much, so that a damaged packet stays damaged. A report is
 * taken for it by its size, in a damaged one also by letters and digits in its place; and wherever the number stands again.
 */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  const serials = new Set<string>();
  for (const report of reports) {
    const serial = latin1(report.slice(DATA_AT, CHECK_AT));
    if (report[1] === SERIAL_SIZE && /^[0-9A-Za-z -]{7}$/.test(serial) && serial.trim().length > 3) serials.add(serial);
  }
  return reports.map((report) => {
    const masked = Uint8Array.from(report);
    const hide = (from: number, to: number): void => masked.set(mask(report.slice(from, to)), from);
    if (isSerial(report)) hide(DATA_AT, Math.min(CHECK_AT, report.length));
    const text = latin1(report);
    for (const serial of serials) {
      for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + 1)) hide(at, at + serial.length);
    }
    correctChecks(report, masked);
    return masked;
  });
}

function isSerial(report: Uint8Array): boolean {
  if (report.length <= DATA_AT) return false;
  try {
    return readPacket(report).data.length === ANSWER_BYTES.serial;
  } catch (error) {
    if (!isProblem(error)) throw error;
  }
  if (report[1] === SERIAL_SIZE || report[2] === (~SERIAL_SIZE & 0xff)) return true;
  return /^[0-9A-Za-z -]{4,7}$/.test(latin1(report.slice(DATA_AT, CHECK_AT)));
}

/** Exclusive or goes through the complement: a check byte changes by just what its bytes changed. */
function correctChecks(report: Uint8Array, masked: Uint8Array): void {
  for (let at = 0; at < Math.min(CHECK_AT, report.length); at += 1) {
    const check = CHECK_AT + (at % 2);
    if (check < masked.length) {
      masked[check] = (masked[check] ?? 0) ^ (report[at] ?? 0) ^ (masked[at] ?? 0);
    }
  }
}
