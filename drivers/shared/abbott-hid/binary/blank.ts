import { isProblem } from "../../../../src/domain/problem.js";
import { concat, latin1, latin1Bytes } from "../../../../src/kit/bytes.js";
import type { Mask } from "../../../../src/kit/driver.js";
import { CONTENT_BYTES, REPORT_BYTES } from "../report.js";
import { OPCODES, takeAap } from "./aap.js";
import { ATP_TYPES, readAtp } from "./atp.js";
import { crc32Words } from "./crc.js";

/** What looks like a serial number (samples of sheet b), with and without its hyphen. */
const SERIAL = /[A-Z][0-9A-Z]{6}-[0-9A-Z]{5}/g;
/** Where the data of a frame begins in a report: type, length, two numbers, checksum. */
const DATA_AT = 8;
const SUM_AT = 4;

interface Frame {
  readonly report: Uint8Array;
  /** The frame that this one is a repetition of. */
  readonly same: Frame | null;
}

/**
 * Masks serial numbers in the frames of the binary protocol, also where one stands across two of them, and makes right again
 * the checksums that were right; the other reports go through `blankOthers`. As many reports as before, each as long.
 */
export function blankBinary(
  reports: readonly Uint8Array[],
  mask: Mask,
  blankOthers: (reports: readonly Uint8Array[]) => readonly Uint8Array[],
): Uint8Array[] {
  const others = reports.filter((report) => !isFrame(report));
  const serials = new Set(serialsIn(concat(others.map((report) => report.slice(2, 2 + (report[1] ?? 0))))));
  const blanked = blankOthers(others)[Symbol.iterator]();
  const frames: Frame[] = [];
  const known = new Map<string, Frame>();
  const all = reports.map((before) => {
    if (!isFrame(before)) return Uint8Array.from(blanked.next().value ?? before);
    const report = Uint8Array.from(before);
    report.fill(0, 2 + (report[1] ?? 0));
    const name = contentOf(before);
    const frame: Frame = { report, same: known.get(name) ?? null };
    if (frame.same === null) known.set(name, frame);
    frames.push(frame);
    return report;
  });
  blankFrames(
    frames.filter(({ same }) => same === null),
    serials,
    mask,
  );
  for (const { report, same } of frames) if (same !== null) report.set(same.report.subarray(3), 3);
  return all;
}

function blankFrames(frames: readonly Frame[], serials: Set<string>, mask: Mask): void {
  const before = concat(frames.map(({ report }) => dataOf(report)));
  const after = Uint8Array.from(before);
  for (const serial of serialsIn(before)) serials.add(serial);
  const text = latin1(before);
  for (const word of [...serials].flatMap((serial) => [serial, serial.replace("-", "")])) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) after.set(mask(latin1Bytes(word)), at);
  }
  mendSettings(before, after);
  let at = 0;
  for (const { report } of frames) {
    const data = dataOf(report);
    const wasSound = isSound(report);
    data.set(after.subarray(at, at + data.length));
    at += data.length;
    if (wasSound) new DataView(report.buffer).setUint32(SUM_AT, crc32Words(data), true);
  }
}

/** Tables of settings end with a checksum of their own. */
function mendSettings(before: Uint8Array, after: Uint8Array): void {
  try {
    for (let at = 0; ; ) {
      const taken = takeAap(before, at);
      if (taken === null) return;
      const { opcode, data } = taken.frame;
      const from = taken.next - data.length;
      at = taken.next;
      if (opcode !== OPCODES.config || data.length < 5) continue;
      const end = data.length - 4;
      if (new DataView(data.buffer, data.byteOffset + end).getUint32(0, true) !== crc32Words(data.subarray(1, end)))
        continue;
      const sum = crc32Words(after.subarray(from + 1, from + end));
      new DataView(after.buffer, from + end).setUint32(0, sum, true);
    }
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
  }
}

function isFrame(report: Uint8Array): boolean {
  const [type, length = 0] = report;
  return type === ATP_TYPES.reply && report.length === REPORT_BYTES && length + 2 > DATA_AT && length <= CONTENT_BYTES;
}

function dataOf(report: Uint8Array): Uint8Array {
  return report.subarray(DATA_AT, 2 + (report[1] ?? 0));
}

function isSound(report: Uint8Array): boolean {
  try {
    readAtp(report.subarray(2, 2 + (report[1] ?? 0)));
    return true;
  } catch (error) {
    if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_TRUNCATED")) throw error;
    return false;
  }
}

/** By what a frame that comes once more is known: its own number and all behind it; which one it expects may have moved on. */
function contentOf(report: Uint8Array): string {
  return latin1(report.subarray(3, 2 + (report[1] ?? 0)));
}

function serialsIn(bytes: Uint8Array): readonly string[] {
  return Array.from(latin1(bytes).matchAll(SERIAL), ([serial]) => serial);
}
