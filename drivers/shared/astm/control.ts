/** Control characters of ASTM E1381, each one byte (sheets a and b list the same values). */
export const STX = 0x02;
/** Ends the last frame of a message. */
export const ETX = 0x03;
/** Ends a transmission; said by the hub, it interrupts one. */
export const EOT = 0x04;
/** Asks for the line: the meter has something to send. */
export const ENQ = 0x05;
export const ACK = 0x06;
export const LF = 0x0a;
export const CR = 0x0d;
export const NAK = 0x15;
/** Ends a frame that others follow. */
export const ETB = 0x17;

/** True for a byte that says something by itself, outside a frame. */
export function isSignal(byte: number): boolean {
  return byte === ENQ || byte === EOT || byte === ACK || byte === NAK;
}
