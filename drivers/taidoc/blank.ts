import { hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";
import type { Mask } from "../../src/kit/driver.js";
import { cp2110Packing } from "../shared/cp2110/bridge.js";
import { blankReports } from "../shared/cp2110/report-stream.js";
import { COMMANDS, DATA_BYTES, dataOf, FRAME_BYTES, FRAME_START, FROM_METER, isAnswerAt } from "./frame.js";

/** The commands whose answers are halves of the serial number. */
const TELLING: readonly number[] = [COMMANDS.serialLow, COMMANDS.serialHigh];

/**
 * Masks the halves of the serial number, digit by digit, and makes their messages' sums right again. Sound messages that
 * say something else stay as they are; in what is damaged or torn, whatever may be of the serial number is masked.
 */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  return blankReports(reports, cp2110Packing, (stream) => blankStream(stream, mask));
}

function blankStream(stream: Uint8Array, mask: Mask): Uint8Array {
  const out = Uint8Array.from(stream);
  const sound = soundAnswers(stream);
  const telling = sound.filter((at) => TELLING.includes(stream[at + 1] ?? -1));
  const isSound = new Set(sound.flatMap((at) => Array.from({ length: FRAME_BYTES }, (_, byte) => at + byte)));
  const halves = new Set(telling.map((at) => hex(dataOf(stream.subarray(at, at + FRAME_BYTES)))));
  for (const at of telling) {
    for (let byte = at + 2; byte < at + 2 + DATA_BYTES; byte += 1) hide(out, byte, mask);
    out[at + FRAME_BYTES - 1] = sum8(out.subarray(at, at + FRAME_BYTES - 1));
  }
  for (let at = 0; at < stream.length; at += 1) {
    if (isSound.has(at)) continue;
    const from = looksTelling(stream, at) ? at + 2 : halves.has(hex(stream.subarray(at, at + DATA_BYTES))) ? at : -1;
    if (from < 0) continue;
    // What a sound message says stays, however near the damage.
    for (let byte = from; byte < from + DATA_BYTES; byte += 1) if (!isSound.has(byte)) hide(out, byte, mask);
    spoil(stream, out, at);
  }
  return out;
}

/** Where the sound messages begin. */
function soundAnswers(stream: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < stream.length; ) {
    const isSound = isAnswerAt(stream, at);
    if (isSound) found.push(at);
    at += isSound ? FRAME_BYTES : 1;
  }
  return found;
}

/**
 * Whether a damaged message that holds a half may begin there: its command stands beside one other mark that is right, or
 * its first byte beside a command that is turned over in one bit.
 */
function looksTelling(stream: Uint8Array, at: number): boolean {
  const [begins, ends] = [stream[at] === FRAME_START, stream[at + 6] === FROM_METER];
  const command = stream[at + 1] ?? 0;
  if (TELLING.includes(command)) return begins || ends;
  return begins && TELLING.some((telling) => isPowerOfTwo(telling ^ command));
}

/** A message that was damaged stays so, even if what was masked made its sum right. */
function spoil(stream: Uint8Array, out: Uint8Array, at: number): void {
  const last = at + FRAME_BYTES - 1;
  if (isAnswerAt(out, at) && !isAnswerAt(stream, at)) out[last] = (out[last] ?? 0) ^ 1;
}

/** Masks one byte in the two digits that it is shown in; what is masked to no digit becomes 0. */
function hide(out: Uint8Array, at: number, mask: Mask): void {
  if (at >= out.length) return;
  const digits = (out[at] ?? 0).toString(16).toUpperCase().padStart(2, "0");
  const masked = latin1(mask(latin1Bytes(digits))).replace(/[^0-9A-F]/g, "0");
  out[at] = Number.parseInt(masked, 16) & 0xff;
}

function isPowerOfTwo(number: number): boolean {
  return number > 0 && (number & (number - 1)) === 0;
}
