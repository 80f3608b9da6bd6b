import { Problem } from "../../../../src/domain/problem.js";
import { concat, hex } from "../../../../src/kit/bytes.js";
import { REPORT_BYTES } from "../report.js";
import { cmac } from "./cmac.js";
import { derivedKey } from "./keys.js";
import type { SessionKeys } from "./secure-report.js";
import { ivOf, stream } from "./stream.js";

/** Type of the host's reports while the conversation is made safe, and of the reader's (sheet b). */
export const SETUP = { host: 0x14, reader: 0x33 } as const;
/** What they are about: the first byte of their content. */
const BEGIN = 0x11;
const CHALLENGE = 0x16;
const ANSWER = 0x17;
const ACCEPTED = 0x18;
/** What the reader says instead: the setting up failed, or there is none. */
const FAILED = 0x14;
const NOT_SET_UP = 0x15;

/** Bytes of a nonce, of the reader's number for the stream, of a check. */
export const NONCE_BYTES = 8;
const IV_BYTES = 7;
const MAC_BYTES = 8;
/** In front of the check of the host's answer; nobody has told what it means (sheet b). */
const MARK = 0x01;

/** The four constant keys, which no program may publish: a user brings them. */
export interface ConstantKeys {
  readonly authEnc: Uint8Array;
  readonly authMac: Uint8Array;
  readonly sessionEnc: Uint8Array;
  readonly sessionMac: Uint8Array;
}

/** What the reader asks for: that the host knows the keys. */
export interface Challenge {
  readonly readerNonce: Uint8Array;
  readonly iv: Uint8Array;
}

/** Content of the report that begins it. */
export const BEGIN_CONTENT: Uint8Array = Uint8Array.of(BEGIN);

/** Takes the reader's challenge apart; null for another report of its kind. Throws METER_REFUSED if the reader declines. */
export function readChallenge(content: Uint8Array): Challenge | null {
  demandNoRefusal(content);
  if (content[0] !== CHALLENGE || content.length < 1 + NONCE_BYTES + IV_BYTES) return null;
  return { readerNonce: content.slice(1, 9), iv: content.slice(9, 16) };
}

/** The handshake's own keys, and what is made with them. */
export class Handshake {
  readonly #keys: ConstantKeys;
  readonly #serial: Uint8Array;
  readonly #readerNonce: Uint8Array;
  readonly #hostNonce: Uint8Array;
  readonly #iv: Uint8Array;

  /** @param hostNonce eight random bytes */
  constructor(keys: ConstantKeys, serial: Uint8Array, challenge: Challenge, hostNonce: Uint8Array) {
    this.#keys = keys;
    this.#serial = serial;
    this.#readerNonce = challenge.readerNonce;
    this.#iv = challenge.iv;
    this.#hostNonce = hostNonce;
  }

  /** Content of the host's answer: both nonces encrypted, and a check over them and what stands before. */
  answer(): Uint8Array {
    const nonces = this.#encrypt(this.#iv, concat([this.#readerNonce, this.#hostNonce]));
    const content = Uint8Array.of(ANSWER, ...nonces, MARK);
    const length = content.length + MAC_BYTES;
    return concat([content, this.#check(Uint8Array.of(SETUP.host, length, ...content))]);
  }

  /**
   * True if the reader has proven that it knows the keys too: the two nonces, the other way round. The report is of 64
   * bytes, the type in front. Throws METER_REFUSED if the reader declines the answer.
   */
  isAccepted(report: Uint8Array): boolean {
    const content = report.subarray(2);
    demandNoRefusal(content.subarray(0, report[1] ?? 0));
    const macAt = 2 + 1 + 2 * NONCE_BYTES + IV_BYTES;
    if (report.length !== REPORT_BYTES || report[0] !== SETUP.reader || content[0] !== ACCEPTED) return false;
    if ((report[1] ?? 0) + 2 < macAt + MAC_BYTES) return false;
    const check = this.#check(report.subarray(0, macAt));
    if (!same(check, report.subarray(macAt, macAt + MAC_BYTES))) return false;
    const nonces = this.#encrypt(report.subarray(macAt - IV_BYTES, macAt), report.subarray(3, 3 + 2 * NONCE_BYTES));
    return same(nonces, concat([this.#hostNonce, this.#readerNonce]));
  }

  /** The keys of the conversation that follows. */
  sessionKeys(): SessionKeys {
    const context = concat([this.#serial, this.#readerNonce, this.#hostNonce]);
    return {
      enc: derivedKey(this.#keys.sessionEnc, "SessnEnc", context),
      mac: derivedKey(this.#keys.sessionMac, "SessnMAC", context),
    };
  }

  #encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return stream(derivedKey(this.#keys.authEnc, "AuthrEnc", this.#serial))(ivOf(iv), data);
  }

  #check(message: Uint8Array): Uint8Array {
    return cmac(derivedKey(this.#keys.authMac, "AuthrMAC", this.#serial))(message);
  }
}

function demandNoRefusal(content: Uint8Array): void {
  if (content.length !== 1 || (content[0] !== FAILED && content[0] !== NOT_SET_UP)) return;
  const detail = "The reader declines to speak encrypted: the key file may hold other keys than its own.";
  throw new Problem("METER_REFUSED", detail, { answer: hex(content) });
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
