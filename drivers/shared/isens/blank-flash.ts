import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { Mask } from "../../../src/kit/driver.js";
import { FLASH_ANSWER_BYTES, FLASH_MARK, isTagged } from "./flash.js";

/** Model codes and versions are below these: what else there is in a memory rarely looks like the serial number's block. */
const MODELS = 18;
const VERSIONS = 26;
/** Bytes of the block that tell one meter from another: product count and production count. */
const TELLING = 4;
/** How far into the stream the block is looked for: as many answers as a session asks for it, and one more. */
const SEARCHED = 5 * FLASH_ANSWER_BYTES;

/**
 * Masks the numbers of which the serial number of a meter of protocol 1 is made: they stand in the first answers from its
 * memory. Counts become what their digits are masked to, the version's letter what it is masked to; the model stays,
 * since nothing can be read without it. Of torn or damaged answers where the block is looked for, every number is masked.
 */
export function blankFlash(stream: Uint8Array, mask: Mask): Uint8Array {
  const out = Uint8Array.from(stream);
  const hide = (text: string): string => latin1(mask(latin1Bytes(text)));
  const start = answerStart(stream);
  if (start < 0) return out;
  const block = blockStart(stream, start);
  hideNumbers(out, start, block < 0 ? start + SEARCHED : block, hide);
  if (block < 0) return out;
  const learnt = groupAt(stream, block);
  for (let at = block; at < stream.length; at += FLASH_ANSWER_BYTES) {
    const group = groupAt(stream, at);
    if (isWhole(group) && differences(group, learnt) > 1) break;
    if (isWhole(group)) hideBlock(out, at, hide);
    else if (at - block < SEARCHED) hideNumbers(out, at, at + FLASH_ANSWER_BYTES, hide);
    else break;
  }
  // The same counts further on: an answer that came late, or behind one that lost a byte.
  const [text, counts] = [latin1(stream), latin1(learnt.subarray(0, TELLING * 3))];
  for (let at = text.indexOf(counts); at >= 0; at = text.indexOf(counts, at + 1)) hideBlock(out, at, hide);
  return out;
}

/** Where the first answer from the memory may begin; -1 for none. */
function answerStart(stream: Uint8Array): number {
  return stream.findIndex((byte, at) => byte === FLASH_MARK && isTagged(stream[at + 1] ?? 0, 1));
}

/** Where the first whole block stands that names a known model; or one that comes twice at once, as a session asks for it. */
function blockStart(stream: Uint8Array, start: number): number {
  const places = Array.from({ length: SEARCHED }, (_, offset) => start + offset);
  const whole = places.filter((at) => isWhole(groupAt(stream, at)));
  const named = whole.find((at) => namesModel(groupAt(stream, at)));
  const twice = (at: number): boolean =>
    differences(groupAt(stream, at), groupAt(stream, at + FLASH_ANSWER_BYTES)) === 0;
  return named ?? whole.find(twice) ?? -1;
}

function groupAt(stream: Uint8Array, at: number): Uint8Array {
  return stream.subarray(at, at + FLASH_ANSWER_BYTES);
}

function isWhole(group: Uint8Array): boolean {
  return group.length === FLASH_ANSWER_BYTES && group.every((byte, place) => isTagged(byte, place % 3));
}

function namesModel(group: Uint8Array): boolean {
  return wordAt(group, 4) < MODELS && wordAt(group, 6) < VERSIONS;
}

/** How many bytes of two answers differ: the block comes twice, and the second time may be damaged. */
function differences(some: Uint8Array, others: Uint8Array): number {
  return some.filter((byte, at) => byte !== others[at]).length;
}

/** Masks the counts of a block, and the letter if it names a model. */
function hideBlock(out: Uint8Array, at: number, hide: (text: string) => string): void {
  hideNumbers(out, at, at + TELLING * 3, hide);
  const group = out.slice(at, at + FLASH_ANSWER_BYTES);
  if (!isWhole(group) || !namesModel(group)) return;
  const letter = hide(String.fromCharCode(0x41 + wordAt(group, 6))).charCodeAt(0) - 0x41;
  if (!(letter >= 0 && letter < VERSIONS)) return;
  out.set([0x10 | (letter >> 4), 0x20 | (letter & 0x0f)], at + 6 * 3 + 1);
}

/** Masks each half byte that stands beside its mark or its other half. */
function hideNumbers(out: Uint8Array, from: number, to: number, hide: (text: string) => string): void {
  const before = Uint8Array.from(out);
  for (let at = from; at < Math.min(to, out.length); at += 1) {
    const [byte = 0, last = 0, next = 0] = [before[at], before[at - 1], before[at + 1]];
    const isHigh = isTagged(byte, 1) && (last === FLASH_MARK || isTagged(next, 2));
    const isLow = isTagged(byte, 2) && (isTagged(last, 1) || before[at - 2] === FLASH_MARK);
    if (!isHigh && !isLow) continue;
    const digits = hide(String(byte & 0x0f).padStart(2, "0"));
    out[at] = (byte & 0xf0) | (/^\d+$/.test(digits) ? Number(digits) & 0x0f : 0);
  }
}

function wordAt(group: Uint8Array, place: number): number {
  return byteAt(group, place) | (byteAt(group, place + 1) << 8);
}

function byteAt(group: Uint8Array, place: number): number {
  return (((group[place * 3 + 1] ?? 0) & 0x0f) << 4) | ((group[place * 3 + 2] ?? 0) & 0x0f);
}
