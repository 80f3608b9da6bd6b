import { Problem } from "../../../../src/domain/problem.js";
import { hex } from "../../../../src/kit/bytes.js";
import { CONTENT_BYTES } from "../report.js";
import { crc32Words } from "./crc.js";

/** First byte of a report of the binary protocol (sheet a). */
export const ATP_TYPES = { request: 0x0a, reply: 0x0b, deviceAck: 0x0c, hostAck: 0x0d } as const;

/** What stands before the data: two numbers and the checksum (sheet a). */
const HEAD_BYTES = 6;
/** Most bytes of data in one frame: what is left of a report. */
export const ATP_DATA_BYTES = CONTENT_BYTES - HEAD_BYTES;
/** An acknowledgement: two numbers and two bytes more (sheet a). */
const ACK_BYTES = 4;

/** The numbers that both sides count their frames with, each from 0 to 255 and round again (sheet a). */
export interface AtpNumbers {
  /** Which frame of the other side is expected next. */
  readonly expects: number;
  /** Which one this is. */
  readonly own: number;
}

/** A frame of data, its checksum found right. */
export interface AtpFrame extends AtpNumbers {
  readonly data: Uint8Array;
}

/**
 * Takes a report's content apart as a frame: number expected, own number, checksum of the data, data. Throws
 * FRAME_TRUNCATED if it is too short for one, FRAME_CHECKSUM if the sum is wrong. The data is a part of the bytes.
 */
export function readAtp(content: Uint8Array): AtpFrame {
  const [expects, own] = content;
  if (content.length < HEAD_BYTES || expects === undefined || own === undefined) {
    const detail = `A frame has ${content.length} bytes, and ${HEAD_BYTES} at least.`;
    throw new Problem("FRAME_TRUNCATED", detail, { frame: hex(content) });
  }
  const told = new DataView(content.buffer, content.byteOffset).getUint32(2, true);
  const data = content.subarray(HEAD_BYTES);
  const sum = crc32Words(data);
  if (told !== sum) {
    const detail = `A frame's checksum is ${told.toString(16)} where ${sum.toString(16)} was expected.`;
    throw new Problem("FRAME_CHECKSUM", detail, { frame: hex(content) });
  }
  return { expects, own, data };
}

/** A frame as a report's content. Throws RangeError for data that does not fit. */
export function atpContent({ expects, own }: AtpNumbers, data: Uint8Array): Uint8Array {
  if (data.length > ATP_DATA_BYTES) throw new RangeError(`${data.length} bytes do not fit into a frame`);
  const content = new Uint8Array(HEAD_BYTES + data.length);
  content.set([expects, own]);
  new DataView(content.buffer).setUint32(2, crc32Words(data), true);
  content.set(data, HEAD_BYTES);
  return content;
}

/** An acknowledgement as a report's content. `last`: its fourth byte, 2 while a conversation begins and 0 later (sheet a). */
export function ackContent({ expects, own }: AtpNumbers, last: 0 | 2 = 0): Uint8Array {
  return Uint8Array.of(expects, own, 0, last);
}

/** What an acknowledgement says; null if it is none. It has no checksum. */
export function readAck(content: Uint8Array): AtpNumbers | null {
  const [expects, own] = content;
  if (content.length !== ACK_BYTES || expects === undefined || own === undefined) return null;
  return { expects, own };
}

/** The number after that one. */
export function nextNumber(number: number): number {
  return (number + 1) & 0xff;
}
