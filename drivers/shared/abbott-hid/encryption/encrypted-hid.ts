import { isProblem, Problem } from "../../../../src/domain/problem.js";
import { latin1 } from "../../../../src/kit/bytes.js";
import type { SessionContext } from "../../../../src/kit/driver.js";
import { within } from "../../../../src/kit/exchange.js";
import type { HidTransport } from "../../../../src/kit/transport.js";
import { type Report, readReport, reportOf, TYPES } from "../report.js";
import {
  BEGIN_CONTENT,
  type Challenge,
  type ConstantKeys,
  Handshake,
  NONCE_BYTES,
  readChallenge,
  SETUP,
} from "./challenge.js";
import { CLEAR_TYPES, SecureReports } from "./secure-report.js";

/** As many random bytes as asked for. */
export type RandomBytes = (count: number) => Uint8Array;

/** Asks for the serial number without encryption, and how many characters of the answer count (sheet b). */
const SERIAL_TYPE = 0x05;
const SERIAL = /^[0-9A-Z]{7}-[0-9A-Z]{5}/;
/** How long each answer of the handshake is waited for, and how often the handshake is begun; as a probe once. */
const ANSWER_MS = 700;
const TRIES = { full: 3, probe: 1 } as const;
/** Reports that mean nothing before the device is given up. */
const MOST_IDLE = 200;
/** Silence by which nothing of an earlier conversation is on its way any more. */
const QUIET_MS = 30;

/**
 * Makes the conversation with an encrypted reader safe and gives a transport that encrypts what is written and decrypts
 * what is read: for whoever uses it, the reader speaks in the clear, in reports of 64 bytes with at most 54 of content. A
 * report that does not prove itself is given as one that says nothing (a keep-alive). Throws METER_TIMEOUT if nothing ever
 * came, FRAME_MALFORMED for another device, METER_STALLED for one that stops, METER_REFUSED if it declines the keys.
 */
export async function encryptedHid(
  context: SessionContext<HidTransport>,
  keys: ConstantKeys,
  random: RandomBytes,
): Promise<HidTransport> {
  const listener = new Listener(context);
  let last = new Problem("METER_TIMEOUT");
  for (let attempt = 0; attempt < TRIES[context.patience ?? "full"]; attempt += 1) {
    await listener.drain();
    try {
      return safe(context.transport, new SecureReports(await shakeHands(context, listener, keys, random)));
    } catch (error) {
      if (!isProblem(error, "METER_TIMEOUT", "METER_STALLED", "FRAME_MALFORMED")) throw error;
      context.log.warn({ code: error.code }, "the conversation could not be made safe");
      last = error;
    }
  }
  throw last;
}

async function shakeHands(
  { transport, signal }: SessionContext<HidTransport>,
  listener: Listener,
  keys: ConstantKeys,
  random: RandomBytes,
) {
  await transport.write(reportOf(SERIAL_TYPE), signal);
  const serial = await listener.answer((report) => {
    const text = report.type === TYPES.serialReply ? SERIAL.exec(latin1(report.content)) : null;
    return text === null ? null : report.content.slice(0, text[0].length);
  });
  await transport.write(reportOf(SETUP.host, BEGIN_CONTENT), signal);
  const challenge = await listener.answer<Challenge>((report) =>
    report.type === SETUP.reader ? readChallenge(report.content) : null,
  );
  const handshake = new Handshake(keys, serial, challenge, random(NONCE_BYTES));
  await transport.write(reportOf(SETUP.host, handshake.answer()), signal);
  await listener.answer((report, bytes) => (report.type === SETUP.reader && handshake.isAccepted(bytes) ? true : null));
  return handshake.sessionKeys();
}

/** Waits for answers of the handshake, each with a bound. */
class Listener {
  readonly #context: SessionContext<HidTransport>;
  #heard = 0;

  constructor(context: SessionContext<HidTransport>) {
    this.#context = context;
  }

  /** The first report of which `take` makes something. Throws METER_TIMEOUT, METER_STALLED or FRAME_MALFORMED if none comes. */
  async answer<T>(take: (report: Report, bytes: Uint8Array) => T | null): Promise<T> {
    const until = this.#context.clock.now() + ANSWER_MS;
    let strange = 0;
    for (;;) {
      const bytes = await this.#read(until);
      if (bytes === null) break;
      const report = whole(bytes);
      const taken = report === null ? null : take(report, bytes);
      if (taken !== null) return taken;
      if (report?.type !== TYPES.keepAlive) strange += 1;
      if (strange > MOST_IDLE) break;
    }
    if (this.#heard === 0) throw new Problem("METER_TIMEOUT");
    if (strange === 0) throw new Problem("METER_STALLED");
    throw new Problem("FRAME_MALFORMED", "Something answers, but not as an encrypted reader would.");
  }

  /** Takes what an earlier conversation left behind, within a bound. */
  async drain(): Promise<void> {
    for (let idle = 0; idle < MOST_IDLE; idle += 1) {
      if ((await this.#read(this.#context.clock.now() + QUIET_MS)) === null) return;
    }
    throw new Problem("FRAME_MALFORMED", "The device sends on and on before it is asked for anything.");
  }

  async #read(until: number): Promise<Uint8Array | null> {
    const { clock, signal, transport } = this.#context;
    const left = until - clock.now();
    if (left <= 0) return null;
    const late = new Problem("METER_TIMEOUT");
    try {
      const bytes = await within(
        clock,
        left,
        signal,
        () => late,
        (inner) => transport.read(inner),
      );
      this.#heard += 1;
      return bytes;
    } catch (error) {
      if (error === late) return null;
      throw error;
    }
  }
}

function safe(inner: HidTransport, reports: SecureReports): HidTransport {
  let last = -1;
  return {
    kind: "hid",
    name: inner.name,
    async read(signal) {
      const bytes = await inner.read(signal);
      if (CLEAR_TYPES.has(bytes[0] ?? 0)) return bytes;
      try {
        const { report, counter } = reports.open(bytes);
        // One that comes again, or late, would stand in the wrong place of an answer whose sum it does not change.
        if (counter <= last) return saysNothing();
        last = counter;
        return report;
      } catch (error) {
        if (!isProblem(error, "FRAME_TRUNCATED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
        return saysNothing();
      }
    },
    async write(report, signal) {
      // The id stands in front.
      const plain = report.subarray(1);
      if (CLEAR_TYPES.has(plain[0] ?? 0)) await inner.write(report, signal);
      else await inner.write(Uint8Array.of(0, ...reports.seal(plain)), signal);
    },
    setFeature: (report, signal) => inner.setFeature(report, signal),
    getFeature: (id, length, signal) => inner.getFeature(id, length, signal),
    close: () => inner.close(),
  };
}

function saysNothing(): Uint8Array {
  return reportOf(TYPES.keepAlive).slice(1);
}

function whole(bytes: Uint8Array): Report | null {
  try {
    return readReport(bytes);
  } catch (error) {
    if (isProblem(error, "FRAME_TRUNCATED", "FRAME_MALFORMED")) return null;
    throw error;
  }
}
