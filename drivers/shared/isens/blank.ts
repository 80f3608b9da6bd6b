import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { Mask } from "../../../src/kit/driver.js";
import { blankFlash } from "./blank-flash.js";
import { COMMAND_AT, FRAME_ERRORS, FRAME_HEAD, frameCrc, frameStart } from "./frame.js";

/** Commands whose answers hold no serial number; an answer to any other, damaged, name may hold one. */
const INNOCENT: readonly string[] = ["RTIM", "WTIM", "NCOT", "GLUE", ...FRAME_ERRORS];
/** The one whose answer is the serial number. */
const TELLING = "RSNB";
/** Most letters and digits that a serial number has. */
const LONGEST = 32;
/** Fewest that tell whose it is: where so many were found in one place, they are masked in every other. */
const SHORTEST = 4;

/**
 * Masks the serial number in the answers to RSNB (protocol 3) and in the block that tells it (protocol 1), and writes a
 * frame's CRC anew if it was right before. A damaged or torn answer is masked as far as it can be recognised.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const out = Uint8Array.from(stream);
  const serials = new Set<string>();
  for (let at = frameStart(stream, 0); at >= 0; at = frameStart(stream, at + 1))
    blankFrame(stream, out, at, mask, serials);
  const text = latin1(stream);
  for (let at = text.indexOf(TELLING); at >= 0; at = text.indexOf(TELLING, at + 1)) {
    const from = at + TELLING.length;
    const serial = /^[0-9A-Za-z-]*/.exec(text.slice(from, from + LONGEST))?.[0] ?? "";
    out.set(mask(stream.slice(from, from + serial.length)), from);
  }
  for (const serial of serials) {
    for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + 1))
      out.set(mask(latin1Bytes(serial)), at);
  }
  mendCrc(stream, out);
  return frameStart(stream, 0) >= 0 ? out : blankFlash(out, mask);
}

/** Masks the data of the frame that begins there, as far as it came, unless it answers a question that tells nothing. */
function blankFrame(stream: Uint8Array, out: Uint8Array, at: number, mask: Mask, serials: Set<string>): void {
  const { command, dataFrom, dataTo } = partsOf(stream, at);
  if (INNOCENT.includes(command)) return;
  const data = stream.slice(dataFrom, dataTo);
  if (data.length === 0) return;
  out.set(mask(data), dataFrom);
  const serial = /^[0-9A-Za-z-]*/.exec(latin1(data.subarray(0, -1)))?.[0] ?? "";
  if (command === TELLING && serial.length > SHORTEST) serials.add(serial);
}

/** Writes the CRC anew of every frame that had a right one and was changed. */
function mendCrc(before: Uint8Array, out: Uint8Array): void {
  for (let at = frameStart(before, 0); at >= 0; at = frameStart(before, at + 1)) {
    const { crcAt } = partsOf(before, at);
    if (crcAt + 3 > before.length) continue;
    const sent = ((before[crcAt] ?? 0) << 8) | (before[crcAt + 1] ?? 0);
    if (sent !== frameCrc(before.subarray(at, crcAt))) continue;
    const crc = frameCrc(out.subarray(at, crcAt));
    out.set([crc >>> 8, crc & 0xff], crcAt);
  }
}

function partsOf(stream: Uint8Array, at: number) {
  const dataFrom = at + COMMAND_AT + 4;
  const crcAt = at + COMMAND_AT + (stream[at + FRAME_HEAD.length] ?? 0) - 3;
  const command = latin1(stream.subarray(at + COMMAND_AT, dataFrom));
  return { command, dataFrom, dataTo: Math.min(crcAt, stream.length), crcAt };
}
