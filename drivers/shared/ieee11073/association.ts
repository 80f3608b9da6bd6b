import { Problem } from "../../../src/domain/problem.js";
import { APDU, apduBytes, HEADER_BYTES } from "./apdu.js";
import { MderReader, octetsBytes, u16Bytes, u32Bytes } from "./mder.js";

/** The one protocol that is spoken here: IEEE 11073-20601 (sheet a). */
const PROTOCOL = 0x5079;
/** Answer: taken, but tell what you are made of (sheet a: accepted-unknown-config). */
const ACCEPTED_UNKNOWN = 0x0003;
/** Words of the answer as the sheet has them: its protocol version is odd, but meters are known to take it. */
const PROTOCOL_VERSION = 0x80000002;
const ENCODING_MDER = 0x8000;
const NOMENCLATURE_VERSION = 0x80000000;
const MANAGER = 0x80000000;
/** Our own eight bytes; what stands in them does not matter to meters (two programs send different ones). */
const SYSTEM_ID = [0x47, 0x4c, 0x55, 0x43, 0x4f, 0x48, 0x55, 0x42];
/** Reason "undefined" of an abort, and "normal" of a release (the second: sheet a; the first from the standard). */
const UNDEFINED = 0x0000;
const NORMAL = 0x0000;

/** What a device says of itself when it begins. */
export interface AssociationRequest {
  /** Eight bytes by which the device is known from all others. */
  readonly systemId: Uint8Array;
  /** Where they stand in the message, with its header. */
  readonly systemIdAt: number;
}

/**
 * Reads a device's request to begin: a list of protocols, of which ours must be one. Throws METER_UNSUPPORTED if it is
 * not, FRAME_MALFORMED for what does not fit.
 */
export function readAssociationRequest(body: Uint8Array): AssociationRequest {
  const reader = new MderReader(body, "A request to begin", HEADER_BYTES);
  reader.u32();
  const protocols = reader.sequence((item) => ({ protocol: item.u16(), information: item.inner() }));
  reader.end();
  const ours = protocols.find(({ protocol }) => protocol === PROTOCOL);
  if (ours === undefined) {
    throw new Problem("METER_UNSUPPORTED", "The device offers no protocol that this driver speaks.");
  }
  const { information } = ours;
  // Versions of the protocol, encoding, nomenclature, functional units, kind of system (from the standard).
  information.bytes(4 + 2 + 4 + 4 + 4);
  const systemIdAt = information.offset + 2;
  const systemId = information.octets();
  return { systemId, systemIdAt };
}

/** The answer that lets the device begin, 48 bytes (sheet a). */
export function associationResponse(): Uint8Array {
  const information = [
    ...u32Bytes(PROTOCOL_VERSION),
    ...u16Bytes(ENCODING_MDER),
    ...u32Bytes(NOMENCLATURE_VERSION),
    ...u32Bytes(0),
    ...u32Bytes(MANAGER),
    ...octetsBytes(SYSTEM_ID),
    // Configuration, modes and options of ours: a manager has none.
    ...new Array<number>(10).fill(0),
  ];
  return apduBytes(APDU.associationResponse, [
    ...u16Bytes(ACCEPTED_UNKNOWN),
    ...u16Bytes(PROTOCOL),
    ...octetsBytes(information),
  ]);
}

/** Takes leave (sheet a). */
export function releaseRequest(): Uint8Array {
  return apduBytes(APDU.releaseRequest, u16Bytes(NORMAL));
}

/** Answers a device that takes leave (sheet a has the words, their use this way round is from the standard). */
export function releaseResponse(): Uint8Array {
  return apduBytes(APDU.releaseResponse, u16Bytes(NORMAL));
}

/** Ends a conversation that went wrong, so that the device may begin anew (from the standard, not from a capture). */
export function abortMessage(): Uint8Array {
  return apduBytes(APDU.abort, u16Bytes(UNDEFINED));
}
