import { concat } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";

/** Bytes of every packet, both ways: start, operation, eight of payload, checksum (sheet a). */
export const PACKET_BYTES = 11;
export const PAYLOAD_BYTES = 8;
/** First byte of the hub's packets and of the meter's (sheet a). */
const HOST = 0xaa;
const METER = 0xdd;

/**
 * What the hub can ask (sheet a). That the meter's answer names the same operation is understood, not said, there.
 * `setClock` is the only one that changes anything.
 */
export const OPERATIONS = { ping: 0x00, clock: 0x07, serial: 0x0f, dump: 0x10, setClock: 0x16 } as const;

/** A packet from the hub; a payload is filled up with zeros. */
export function packetBytes(operation: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const body = new Uint8Array(1 + PAYLOAD_BYTES);
  body.set([operation]);
  body.set(payload.subarray(0, PAYLOAD_BYTES), 1);
  return concat([Uint8Array.of(HOST), body, Uint8Array.of(sum8(body))]);
}

/** True if a packet of the meter for that operation stands there whole, its checksum right. */
export function isPacket(bytes: Uint8Array, at: number, operation: number): boolean {
  if (bytes[at] !== METER || bytes[at + 1] !== operation || at + PACKET_BYTES > bytes.length) return false;
  return sum8(bytes.subarray(at + 1, at + PACKET_BYTES - 1)) === bytes[at + PACKET_BYTES - 1];
}

/** The payload of a packet. */
export function payloadOf(packet: Uint8Array): Uint8Array {
  return packet.slice(2, 2 + PAYLOAD_BYTES);
}

/** Where the first packet for that operation ends in the bytes that have come, with whatever stands before it; 0 for none. */
export function cutPacket(operation: number): (bytes: Uint8Array) => number {
  return (bytes) => {
    for (let at = 0; at + PACKET_BYTES <= bytes.length; at += 1) {
      if (isPacket(bytes, at, operation)) return at + PACKET_BYTES;
    }
    return 0;
  };
}
