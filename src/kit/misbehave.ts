import type { Clock } from "../domain/clock.js";
import type { MeterSimulator } from "./driver.js";
import { below, seededRandom } from "./simulated.js";

/** How a virtual meter may misbehave on its wire, beside declining (`SimulatorOptions.declines`). */
export const MISBEHAVIOURS = ["slow", "garbage", "checksum", "stops"] as const;
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** What each byte takes more on a slow meter, milliseconds: five times a line of 9600 baud. */
const SLOW_BYTE_MS = 5;
/** Noise before the first answer, bytes. */
const GARBAGE_BYTES = 7;
/** The byte in which one bit is turned over, once, counted from the first one sent: behind the greeting, among the readings. */
const DAMAGED_BYTE = 160;
/** After how many bytes a meter that stops says nothing any more. */
const STOPS_AFTER = 220;

/**
 * The meter, misbehaving: `slow` dribbles its answers, `garbage` puts noise before the first one, `checksum` turns one
 * bit over once, `stops` falls silent in the middle for good.
 */
export function misbehaving(
  meter: MeterSimulator,
  kinds: readonly Misbehaviour[],
  clock: Clock,
  seed: number,
): MeterSimulator {
  const random = seededRandom(seed ^ 0xbad);
  let sent = 0;
  let last: Promise<void> = Promise.resolve();

  function spoil(bytes: Uint8Array): Uint8Array {
    const from = sent;
    sent += bytes.length;
    let out: Uint8Array = Uint8Array.from(bytes);
    if (kinds.includes("checksum") && from <= DAMAGED_BYTE && DAMAGED_BYTE < sent) {
      out = out.map((byte, at) => (from + at === DAMAGED_BYTE ? byte ^ (1 << below(random, 7)) : byte));
    }
    if (kinds.includes("stops")) out = out.slice(0, Math.max(0, STOPS_AFTER - from));
    if (kinds.includes("garbage") && from === 0) {
      out = Uint8Array.from([...Array.from({ length: GARBAGE_BYTES }, () => below(random, 256)), ...out]);
    }
    return out;
  }

  const through =
    (send: (bytes: Uint8Array) => void) =>
    (bytes: Uint8Array): void => {
      const out = spoil(bytes);
      if (out.length === 0) return;
      if (!kinds.includes("slow")) {
        send(out);
        return;
      }
      last = last.then(() => clock.sleep(out.length * SLOW_BYTE_MS)).then(() => send(out));
      // Nobody listens any more: the meter goes on.
      last = last.catch(() => undefined);
    };

  return {
    serial: meter.serial,
    usb: meter.usb,
    clock: () => meter.clock(),
    get memory() {
      return meter.memory;
    },
    ...(meter.start === undefined ? {} : { start: (send) => meter.start?.(through(send)) }),
    receive: (bytes, send) => meter.receive(bytes, through(send)),
  };
}
