import { isEmpty, isSound } from "./codec.js";
import { isPacket, OPERATIONS, PACKET_BYTES } from "./packet.js";

/** How much may come without a packet in it before it is taken out as damage: a few packets. */
const DAMAGE_BYTES = 6 * PACKET_BYTES;

/**
 * Where the next piece of a dump ends: a whole packet, or, if the bytes do not begin with one, all before the next. Two
 * bytes alike and a sum of eight bits are soon met by chance, so behind damage a packet out of step must hold a record
 * whose own checksum is right, or none.
 */
export function cutPiece(bytes: Uint8Array): number {
  if (isPacket(bytes, 0, OPERATIONS.dump)) return PACKET_BYTES;
  for (let at = 1; at + PACKET_BYTES <= bytes.length; at += 1) {
    if (!isPacket(bytes, at, OPERATIONS.dump)) continue;
    const packet = bytes.subarray(at, at + PACKET_BYTES);
    if (at % PACKET_BYTES === 0 || isEmpty(packet) || isSound(packet)) return at;
  }
  return bytes.length > DAMAGE_BYTES ? bytes.length - PACKET_BYTES + 1 : 0;
}

/** True for a piece that is a packet of the dump, its checksum right. */
export function isRecordPacket(piece: Uint8Array): boolean {
  return piece.length === PACKET_BYTES && isPacket(piece, 0, OPERATIONS.dump);
}

/** How many packets damaged bytes stand for: at least one, since something was there. */
export function piecesIn(damage: Uint8Array): number {
  return Math.max(1, Math.round(damage.length / PACKET_BYTES));
}
