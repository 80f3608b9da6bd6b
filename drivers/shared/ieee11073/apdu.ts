import { MderReader, octetsBytes, u16Bytes } from "./mder.js";

/** First word of each message (sheet a). */
export const APDU = {
  associationRequest: 0xe200,
  associationResponse: 0xe300,
  releaseRequest: 0xe400,
  releaseResponse: 0xe500,
  abort: 0xe600,
  presentation: 0xe700,
} as const;

/** What a presentation message carries (sheet a; marked ones from IEEE 11073-20601, not from a capture). */
export const DATA = {
  /** From the standard. */
  eventReport: 0x0100,
  confirmedEventReport: 0x0101,
  get: 0x0103,
  confirmedAction: 0x0107,
  eventResponse: 0x0201,
  getResponse: 0x0203,
  actionResponse: 0x0207,
  /** The other side could not do it, or did not understand it (from the standard). */
  error: 0x0300,
  reject: 0x0400,
} as const;

/** Bytes of the word and the length before each message. */
export const HEADER_BYTES = 4;
/** Shortest and longest body of each kind: 63 KiB is the standard's bound for what a device may send. */
const BODY_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [APDU.associationRequest, [8, 2_048]],
  [APDU.associationResponse, [4, 2_048]],
  [APDU.releaseRequest, [2, 2]],
  [APDU.releaseResponse, [2, 2]],
  [APDU.abort, [2, 2]],
  [APDU.presentation, [8, 64_508]],
]);

/** A message taken apart. */
export interface Apdu {
  readonly choice: number;
  readonly body: Uint8Array;
}

/** What a presentation message carries. */
export interface DataApdu {
  readonly invokeId: number;
  readonly choice: number;
  readonly body: Uint8Array;
}

/**
 * Where the first message stands in the bytes that have come: how many bytes before it can't begin one, and how long it
 * is; length 0 while it is not whole. A presentation message tells its length twice, and both must agree.
 */
export function findApdu(bytes: Uint8Array): { readonly skipped: number; readonly length: number } {
  for (let skipped = 0; skipped < bytes.length; skipped += 1) {
    const [length, possible] = lengthAt(bytes.subarray(skipped));
    if (possible) return { skipped, length: skipped + length <= bytes.length ? length : 0 };
  }
  return { skipped: bytes.length, length: 0 };
}

/** The message of these bytes, which `findApdu` has found. */
export function readApdu(bytes: Uint8Array): Apdu {
  const reader = new MderReader(bytes, "A message");
  const choice = reader.u16();
  const body = reader.octets();
  reader.end();
  return { choice, body };
}

/** What a presentation message carries. Throws FRAME_MALFORMED if its lengths do not agree. */
export function readDataApdu({ body }: Apdu): DataApdu {
  const outer = new MderReader(body, "A message", HEADER_BYTES);
  const reader = outer.inner();
  outer.end();
  const [invokeId, choice] = [reader.u16(), reader.u16()];
  const content = reader.octets();
  reader.end();
  return { invokeId, choice, body: content };
}

/** A message for the wire. */
export function apduBytes(choice: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([...u16Bytes(choice), ...octetsBytes(body)]);
}

/** A presentation message for the wire. */
export function dataApduBytes({ invokeId, choice }: Omit<DataApdu, "body">, body: readonly number[]): Uint8Array {
  const data = [...u16Bytes(invokeId), ...u16Bytes(choice), ...octetsBytes(body)];
  return apduBytes(APDU.presentation, octetsBytes(data));
}

/** How long a message that begins there is, and whether one can: as long as nothing speaks against it. */
function lengthAt(bytes: Uint8Array): readonly [number, boolean] {
  const word = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const [first, second] = bytes;
  if (first === undefined || first < 0xe2 || first > 0xe7 || (second ?? 0) !== 0) return [0, false];
  if (bytes.length < HEADER_BYTES) return [HEADER_BYTES, true];
  const [least, most] = BODY_BYTES.get(word(0)) ?? [1, 0];
  const body = word(2);
  if (body < least || body > most) return [0, false];
  const isTorn = word(0) === APDU.presentation && bytes.length >= HEADER_BYTES + 2 && word(4) !== body - 2;
  return [HEADER_BYTES + body, !isTorn];
}
