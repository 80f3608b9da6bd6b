import type { BleSimulator } from "../../src/kit/driver.js";
import type { Misbehaviour } from "../../src/kit/misbehave.js";
import { below, seededRandom } from "../../src/kit/simulated.js";
import type { GattNotice } from "../../src/kit/transport.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { BleAnswerer } from "./simulated-ble.js";

/** What each notice takes more on a slow meter, virtual milliseconds. */
const SLOW_NOTICE_MS = 60;
/** Bytes of the notice of noise: what a packet of the default size holds. */
const NOISE_BYTES = 20;
/** The first notice of more than some bytes from this one on is damaged, once; and after how many a meter that stops is silent. */
const DAMAGED_NOTICE = 12;
const DAMAGED_BYTES = 8;
const STOPS_AFTER = 14;

/** A meter that misbehaves over the air, in the ways of `misbehaving`: noise is one notice of it before the first. */
export function misbehavingBle(
  meter: BleSimulator,
  kinds: readonly Misbehaviour[],
  clock: VirtualClock,
  seed: number,
): BleAnswerer {
  const random = seededRandom(seed ^ 0xb1e);
  let sent = 0;
  let damaged = false;
  let last: Promise<void> = Promise.resolve();
  const through =
    (send: (notice: GattNotice) => void) =>
    ({ from, bytes }: GattNotice): void => {
      const number = sent;
      sent += 1;
      if (kinds.includes("stops") && number >= STOPS_AFTER) return;
      if (kinds.includes("garbage") && number === 0)
        send({ from, bytes: Uint8Array.from({ length: NOISE_BYTES }, () => below(random, 256)) });
      let out = bytes;
      if (kinds.includes("checksum") && !damaged && number >= DAMAGED_NOTICE && bytes.length > DAMAGED_BYTES) {
        damaged = true;
        const at = below(random, bytes.length);
        out = bytes.map((byte, place) => (place === at ? byte ^ 0x10 : byte));
      }
      if (!kinds.includes("slow")) {
        send({ from, bytes: out });
        return;
      }
      last = last.then(() => clock.sleep(SLOW_NOTICE_MS)).then(() => send({ from, bytes: out }));
      last = last.catch(() => undefined);
    };
  return {
    name: meter.name,
    characteristics: meter.characteristics,
    connected: (send) => meter.connected(through(send)),
    disconnected: () => meter.disconnected(),
    readValue: (name) => meter.readValue(name),
    write: (name, bytes) => meter.write(name, bytes),
  };
}

/** The meter, with every notice watched on its way: those do not arrive of which `isLost` says so. */
export function losing(meter: BleAnswerer, isLost: (notice: GattNotice) => boolean): BleAnswerer {
  return {
    name: meter.name,
    characteristics: meter.characteristics,
    connected: (send) =>
      meter.connected((notice) => {
        if (!isLost(notice)) send(notice);
      }),
    disconnected: () => meter.disconnected(),
    readValue: (name) => meter.readValue(name),
    write: (name, bytes) => meter.write(name, bytes),
  };
}
