import type { HidSimulator } from "../../../../src/kit/driver.js";
import { below, seededRandom } from "../../../../src/kit/simulated.js";
import { simulatedKey, simulatedMac, simulatedStream } from "./simulated-cipher.js";

/** Types that pass in the clear. */
const CLEAR = [0x01, 0x04, 0x05, 0x06, 0x0c, 0x0d, 0x14, 0x15, 0x22, 0x33, 0x34, 0x35, 0x71];
/** Most content of an encrypted report. */
const CONTENT = 54;

interface Session {
  readonly enc: bigint;
  readonly mac: bigint;
}

/**
 * A reader behind the encryption, as the sheet describes it: challenges, checks the answer, proves itself, then decrypts
 * what comes and encrypts what the reader says. `keys`: both constants of the handshake, both of the conversation.
 */
export function simulatedEncryption(reader: HidSimulator, keys: readonly Uint8Array[], seed: number): HidSimulator {
  const [authEnc = 0n, authMac = 0n, sessionEnc = 0n, sessionMac = 0n] = keys.map(asNumber);
  const serial = Array.from(reader.serial ?? "", (letter) => letter.charCodeAt(0));
  const random = seededRandom(seed ^ 0x11b2e2);
  const bytes = (count: number): number[] => Array.from({ length: count }, () => below(random, 256));
  let challenge: { readonly nonce: readonly number[]; readonly iv: readonly number[] } | null = null;
  let session: Session | null = null;
  let count = 0;

  function setup(content: readonly number[], report: readonly number[], send: (report: Uint8Array) => void): void {
    if (content[0] === 0x11) {
      challenge = { nonce: bytes(8), iv: bytes(7) };
      send(padded([0x33, 16, 0x16, ...challenge.nonce, ...challenge.iv]));
      return;
    }
    const kae = simulatedKey(authEnc, "AuthrEnc", serial);
    const kam = simulatedKey(authMac, "AuthrMAC", serial);
    const isProven =
      content[0] === 0x17 && content.slice(18, 26).join() === simulatedMac(kam, report.slice(0, 20)).join();
    const nonces = challenge === null ? [] : simulatedStream(kae, asIv(challenge.iv), content.slice(1, 17));
    if (challenge === null || !isProven || nonces.slice(0, 8).join() !== challenge.nonce.join()) {
      send(padded([0x33, 1, 0x14]));
      return;
    }
    const [nonce, hostNonce] = [challenge.nonce, nonces.slice(8)];
    const iv = bytes(7);
    const begin = [0x33, 0x22, 0x18, ...simulatedStream(kae, asIv(iv), [...hostNonce, ...nonce]), ...iv];
    send(padded([...begin, ...simulatedMac(kam, begin)]));
    const context = [...serial, ...nonce, ...hostNonce];
    session = {
      enc: simulatedKey(sessionEnc, "SessnEnc", context),
      mac: simulatedKey(sessionMac, "SessnMAC", context),
    };
    challenge = null;
  }

  function sealed(type: number, content: readonly number[], { enc, mac }: Session): Uint8Array {
    count += 1;
    const inside = Array.from({ length: 55 }, (_, at) => (at === 0 ? content.length : (content[at - 1] ?? 0)));
    const counter = [count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255];
    const all = [type, ...simulatedStream(enc, BigInt(count) * 256n, inside), ...counter];
    return padded([...all, ...simulatedMac(mac, all).slice(4)]);
  }

  function say(report: Uint8Array, send: (report: Uint8Array) => void): void {
    const [type = 0, length = 0] = report;
    if (CLEAR.includes(type) || session === null) {
      send(report);
      return;
    }
    const content = [...report.slice(2, 2 + length)];
    for (let at = 0; at < content.length; at += CONTENT) send(sealed(type, content.slice(at, at + CONTENT), session));
  }

  return {
    serial: reader.serial,
    usb: reader.usb,
    reportBytes: 64,
    clock: () => reader.clock(),
    get memory() {
      return reader.memory;
    },
    receive(written, send) {
      const report = [...written.slice(1)];
      const [type = 0, length = 0] = report;
      if (type === 0x14) setup(report.slice(2, 2 + length), report, send);
      else if (CLEAR.includes(type)) reader.receive(written, (one) => say(one, send));
      else if (session === null) send(padded([0x33, 1, 0x15]));
      else if (simulatedMac(session.mac, report.slice(0, 60)).slice(4).join() === report.slice(60).join()) {
        const plain = [0, type, ...simulatedStream(session.enc, 0xffn, report.slice(1, 56))];
        reader.receive(
          Uint8Array.from({ length: 65 }, (_, at) => plain[at] ?? 0),
          (one) => say(one, send),
        );
      }
    },
  };
}

function padded(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 64 }, (_, at) => bytes[at] ?? 0);
}

/** Bytes of which the first is the highest, as a number. */
function asNumber(bytes: Iterable<number>): bigint {
  let number = 0n;
  for (const byte of bytes) number = number * 256n + BigInt(byte);
  return number;
}

function asIv(bytes: readonly number[]): bigint {
  return asNumber(bytes);
}
