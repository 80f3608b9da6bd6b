import { Problem } from "../../../src/domain/problem.js";

/** Where a meter of protocol 1 keeps who it is: eight bytes (sheet a). */
export const SERIAL_ADDRESS = 0x1034;

/** Who a meter of protocol 1 is, and where its records stand. */
export interface FlashModel {
  /** The three letters of its model code. */
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
  /** Address of the first record. */
  readonly address: number;
  /** How many records there is room for. */
  readonly capacity: number;
  /** Whether an erased place is the end; of other models the sheet does not say, so all places are read. */
  readonly endsAtErased: boolean;
}

/** Model codes in their order, 0 to 11 hex (sheet a). */
const MODELS = [
  ...["CSP", "ISP", "GSP", "CNP", "NCP", "HDP", "ACP", "NTP", "ECP"],
  ...["AQP", "ITP", "CNM", "APP", "CLP", "DAP", "MDP", "CMP", "CVP"],
] as const;
/** Where the records begin (sheet a); E200 for all others. */
const ADDRESSES: ReadonlyMap<string, number> = new Map([
  ["CSP", 0xc200],
  ["ISP", 0xc200],
  ["GSP", 0xd200],
  ["APP", 0xd200],
  ["CLP", 0xd200],
]);
const OTHER_ADDRESS = 0xe200;
/** Models with room for 500 records; all others have 250 (sheet a). */
const LARGE: readonly string[] = ["APP", "CLP", "CMP", "CVP"];
/** The one model that counts its production in hex and marks its end (sheet a). */
const VOICE = "CVP";
/** Letters that a version can have: from A. */
const LETTERS = 26;

/**
 * Reads the block at `SERIAL_ADDRESS`: product count, production count, model code and program version, two bytes each,
 * low byte first. The serial number's text is the model, the production count in two digits (hex for CVP), the version
 * as a letter and the product count in five digits. Throws METER_UNSUPPORTED for a model whose records stand nobody
 * knows where, FRAME_MALFORMED for a version that has no letter.
 */
export function readModel(data: Uint8Array): FlashModel {
  const word = (at: number): number => (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);
  const [product, production, code, version] = [word(0), word(2), word(4), word(6)];
  const model = MODELS[code];
  if (model === undefined || data.length !== 8) {
    throw new Problem("METER_UNSUPPORTED", `An i-SENS meter of an unknown model (code ${code}) answers.`, { code });
  }
  if (version >= LETTERS) {
    throw new Problem("FRAME_MALFORMED", `The meter's version ${version} has no letter in its serial number.`);
  }
  const count = production.toString(model === VOICE ? 16 : 10).toUpperCase();
  const letter = String.fromCharCode(0x41 + version);
  return {
    model,
    serial: `${model}${count.padStart(2, "0")}${letter}${String(product).padStart(5, "0")}`,
    firmware: letter,
    address: ADDRESSES.get(model) ?? OTHER_ADDRESS,
    capacity: LARGE.includes(model) ? 500 : 250,
    endsAtErased: model === VOICE,
  };
}
