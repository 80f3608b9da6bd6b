import { Problem } from "../../../src/domain/problem.js";
import { concat, latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { crc16CcittFalse } from "../../../src/kit/checksum.js";

/** What the hub asks of a meter that speaks protocol 3; WTIM sets the clock, the others only read (sheet a). */
export type FrameCommand = "RSNB" | "RTIM" | "WTIM" | "NCOT" | "GLUE";

/** Commands with which the meter answers that it did not understand (sheet a). */
export const FRAME_ERRORS: readonly string[] = ["TOUT", "HEAD", "SIZE", "ECRC", "CMND"];

/** How every frame begins: STX and `iSPc` (sheet a). Behind it stand the length, the command and its data. */
export const FRAME_HEAD: Uint8Array = latin1Bytes("\x02iSPc");
/** What the length counts beside the data: the command, the CRC and ETX (sheet a: 7 and the data's length). */
export const FRAME_FIXED = 7;
/** The byte that ends a frame (sheet a). */
export const ETX = 0x03;
/** Where the command begins: behind the head and the length. */
export const COMMAND_AT: number = FRAME_HEAD.length + 1;

/** A frame taken apart. */
export interface Frame {
  readonly command: string;
  readonly data: Uint8Array;
  /** Whether its CRC is right. Answers to GLUE carry none that is (sheet a). */
  readonly proven: boolean;
}

/** A frame for the wire. */
export function frameBytes(command: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const body = concat([FRAME_HEAD, Uint8Array.of(FRAME_FIXED + data.length), latin1Bytes(command), data]);
  const crc = frameCrc(body);
  return concat([body, Uint8Array.of(crc >>> 8, crc & 0xff, ETX)]);
}

/**
 * Where a frame ends in the bytes that have come, with whatever stands before it; 0 while none is whole. A length too
 * short for a frame is no frame's: the search goes on behind it.
 */
export function cutFrame(bytes: Uint8Array): number {
  const start = frameStart(bytes, 0);
  if (start < 0) return 0;
  const end = start + COMMAND_AT + (bytes[start + FRAME_HEAD.length] ?? 0);
  return end <= bytes.length ? end : 0;
}

/** The frame at the end of what `cutFrame` cut off. Throws FRAME_CHECKSUM if it is damaged beyond its CRC. */
export function readFrame(cut: Uint8Array): Frame {
  const start = frameStart(cut, 0);
  const frame = start < 0 ? new Uint8Array() : cut.subarray(start);
  const data = frame.slice(COMMAND_AT + 4, frame.length - 3);
  const length = frame[FRAME_HEAD.length];
  if (length !== FRAME_FIXED + data.length || frame.length !== COMMAND_AT + length || frame.at(-1) !== ETX) {
    throw new Problem("FRAME_CHECKSUM", "An answer does not end where its length says.");
  }
  const sent = ((frame.at(-3) ?? 0) << 8) | (frame.at(-2) ?? 0);
  return {
    command: latin1(frame.subarray(COMMAND_AT, COMMAND_AT + 4)),
    data,
    proven: sent === frameCrc(frame.subarray(0, -3)),
  };
}

/** CRC-16/CCITT-FALSE over the frame without its two CRC bytes: from STX to the data, and ETX (sheet a, its NCOT example). */
export function frameCrc(beforeCrc: Uint8Array): number {
  return crc16CcittFalse(concat([beforeCrc, Uint8Array.of(ETX)]));
}

/** Where the first frame from there on begins whose length can be one; -1 for none. */
export function frameStart(bytes: Uint8Array, from: number): number {
  for (let at = from; at + FRAME_HEAD.length < bytes.length; at += 1) {
    const fits = FRAME_HEAD.every((byte, index) => bytes[at + index] === byte);
    if (fits && (bytes[at + FRAME_HEAD.length] ?? 0) >= FRAME_FIXED) return at;
  }
  return -1;
}
