import type { Clock } from "../../../../src/domain/clock.js";
import { ReportSpeaker } from "../../hid/report-speaker.js";

/** What a simulated reader's binary side answers: bytes of inner frames; null for what it knows nothing of. */
export type BinaryAnswerer = (opcode: number, data: Uint8Array) => Uint8Array | null;

/** Bytes of data in an outer frame. */
const DATA = 56;
const FLUSH = 0x7d;
const ERROR = 0x7e;
const BAD_ID = 5;

/**
 * The reader's side of the binary frames, as the sheet describes them: counts frames both ways, sends full ones only until it
 * is told to flush, acknowledges, passes over what comes again, and sends again from where it is told twice that the
 * host still waits.
 */
export class SimulatedWire {
  readonly #answerer: BinaryAnswerer;
  readonly #speaker: ReportSpeaker;
  #expects = 0;
  #sent: Uint8Array[] = [];
  #lastAck = -1;
  #pending = new Uint8Array();

  constructor(clock: Clock, answerer: BinaryAnswerer) {
    this.#answerer = answerer;
    this.#speaker = new ReportSpeaker(clock, 1);
  }

  /** A report of the host's, without its id: type, length, content. */
  receive(report: Uint8Array, send: (report: Uint8Array) => void): void {
    const [type, length = 0] = report;
    const content = report.slice(2, 2 + length);
    if (type === 0x0d && content[3] === 2) this.#begin();
    else if (type === 0x0d) this.#hear(content[0] ?? 0, send);
    if (type !== 0x0a || content.length < 7) return;
    const data = content.slice(6);
    const isSound = new DataView(content.buffer).getUint32(2, true) === simulatedCrc32(data);
    if (isSound && content[1] === this.#expects) {
      this.#expects = (this.#expects + 1) & 0xff;
      this.#do(data, send);
    }
    this.#say(0x0c, [this.#expects, this.#sent.length & 0xff, 0, 0], send);
  }

  /** The acknowledgement that begins a conversation: both sides count from nought. */
  #begin(): void {
    this.#expects = 0;
    this.#sent = [];
    this.#lastAck = -1;
    this.#pending = new Uint8Array();
  }

  #do(data: Uint8Array, send: (report: Uint8Array) => void): void {
    let length = 0;
    let at = 0;
    for (; (data[at] ?? 0) >= 0x80; at += 1) length += ((data[at] ?? 0) - 0x80) * 128 ** at;
    const opcode = data[at] ?? 0;
    if (opcode === FLUSH) {
      if (this.#pending.length > 0) this.#frame(this.#pending, send);
      this.#pending = new Uint8Array();
      return;
    }
    const answer =
      this.#answerer(opcode, data.slice(at + 1, at + 1 + length)) ?? simulatedFrame(ERROR, [opcode, BAD_ID]);
    const all = Uint8Array.from([...this.#pending, ...answer]);
    let from = 0;
    for (; all.length - from >= DATA; from += DATA) this.#frame(all.slice(from, from + DATA), send);
    this.#pending = all.slice(from);
  }

  #frame(data: Uint8Array, send: (report: Uint8Array) => void): void {
    const sum = new Uint8Array(4);
    new DataView(sum.buffer).setUint32(0, simulatedCrc32(data), true);
    this.#sent.push(Uint8Array.from([this.#sent.length & 0xff, ...sum, ...data]));
    this.#sendFrame(this.#sent.length - 1, send);
  }

  #sendFrame(number: number, send: (report: Uint8Array) => void): void {
    this.#say(0x0b, [this.#expects, ...(this.#sent[number] ?? [])], send);
  }

  #hear(expects: number, send: (report: Uint8Array) => void): void {
    const waited = this.#lastAck === expects;
    this.#lastAck = expects;
    if (!waited) return;
    const behind = (this.#sent.length - expects) & 0xff;
    for (let number = this.#sent.length - behind; number < this.#sent.length; number += 1)
      this.#sendFrame(number, send);
  }

  #say(type: number, content: readonly number[], send: (report: Uint8Array) => void): void {
    const report = new Uint8Array(64);
    report.set([type, content.length, ...content]);
    void this.#speaker.say([report], send);
  }
}

/** An inner frame: the length in groups of seven bits, opcode, data. */
export function simulatedFrame(opcode: number, data: readonly number[]): Uint8Array {
  const head: number[] = [];
  for (let left = data.length; left > 0; left = Math.floor(left / 128)) head.push(128 + (left % 128));
  return Uint8Array.from([...head, opcode, ...data]);
}

/** The frames' checksum, bit by bit over words. */
export function simulatedCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (let at = 0; at < bytes.length; at += 4) {
    const word = [3, 2, 1, 0].reduce((sum, place) => sum * 256n + BigInt(bytes[at + place] ?? 0), 0n);
    crc ^= word;
    for (let bit = 0; bit < 32; bit += 1) crc = ((crc << 1n) ^ (crc >> 31n === 1n ? 0x104c11db7n : 0n)) & 0xffffffffn;
  }
  return Number(crc);
}

/** The records' checksum, bit by bit: bytes turned round go in at the top. */
export function simulatedCrc16(bytes: readonly number[]): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const top = (crc >> 15) ^ ((byte >> bit) & 1);
      crc = ((crc * 2) & 0xffff) ^ (top === 1 ? 0x1021 : 0);
    }
  }
  return crc;
}
