import { concat } from "../../src/kit/bytes.js";
import type { Mask } from "../../src/kit/driver.js";
import { isLabelled } from "./label.js";
import { frameIn, withChecksum } from "./mailbox.js";
import { textIn } from "./text.js";

/** Where a FAT volume keeps its own serial number in its first block (Microsoft's FAT specification: BS_VolID). */
const VOLUME_ID = { from: 0x27, to: 0x2b } as const;
/** Where an answer's data begins in a block: behind start, length, prefix and status. */
const DATA_AT = 5;
/** How many letters of two bytes each make a damaged block one that may hold a text. */
const LETTERS_OF_A_TEXT = 3;

/**
 * Masks the serial number and makes its frames sound again. Of the texts that a meter tells, the first sound one is the
 * serial number: every session asks for it first, until it has come. Damaged blocks that may hold a text, and what is
 * left of earlier answers behind a frame, are masked whole, and so is a text of its shape: another meter's. The volume's
 * own serial number is replaced by zeros.
 */
export function blank(blocks: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  const serial = firstText(blocks);
  return blocks.map((block) => {
    if (isLabelled(block)) return Uint8Array.from(block).fill(0, VOLUME_ID.from, VOLUME_ID.to);
    const frame = frameIn(block);
    if (frame === null) return mayHoldText(block) ? masked(block, DATA_AT, block.length, mask) : Uint8Array.from(block);
    const { length } = frame.bytes;
    let bytes = masked(block, length, block.length, mask);
    if (serial !== null && (holds(frame.bytes, serial) || isAlike(frame.message.subarray(2), serial))) {
      bytes = withChecksum(masked(bytes, DATA_AT, length - 3, mask), length);
    }
    return bytes;
  });
}

/** The data of the first sound answer that is a text: the serial number's letters and the zeros behind them. */
function firstText(blocks: readonly Uint8Array[]): Uint8Array | null {
  for (const block of blocks) {
    const data = frameIn(block)?.message.slice(2);
    const text = data === undefined ? null : textIn(data);
    if (data !== undefined && text !== null) return data.slice(0, 2 * text.length);
  }
  return null;
}

/** True for a text of letters and digits that is as long as the serial number. */
function isAlike(data: Uint8Array, serial: Uint8Array): boolean {
  const text = textIn(data);
  return text !== null && 2 * text.length === serial.length && /^[0-9A-Za-z-]+$/.test(text);
}

function holds(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(Buffer.from(part));
}

function mayHoldText(block: Uint8Array): boolean {
  let letters = 0;
  for (let at = 0; at + 1 < block.length; at += 1) {
    if (/[0-9A-Za-z]/.test(String.fromCharCode(block[at] ?? 0)) && block[at + 1] === 0) letters += 1;
  }
  return letters >= LETTERS_OF_A_TEXT;
}

function masked(bytes: Uint8Array, from: number, to: number, mask: Mask): Uint8Array {
  return concat([bytes.subarray(0, from), mask(bytes.slice(from, to)), bytes.subarray(to)]);
}
