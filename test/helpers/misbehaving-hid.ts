import type { HidSimulator } from "../../src/kit/driver.js";
import type { Misbehaviour } from "../../src/kit/misbehave.js";
import { below, seededRandom } from "../../src/kit/simulated.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { HidAnswerer } from "./simulated-hid.js";

/** What each report takes more on a slow meter, milliseconds. */
const SLOW_REPORT_MS = 60;
/** The report in which one bit is turned over, once, and after how many a meter that stops says nothing any more. */
const DAMAGED_REPORT = 12;
const STOPS_AFTER = 14;

/** A HID meter that misbehaves on its wire, in the ways of `misbehaving`: noise is one report of it before the first. */
export function misbehavingHid(
  meter: HidSimulator,
  kinds: readonly Misbehaviour[],
  clock: VirtualClock,
  seed: number,
): HidAnswerer {
  const random = seededRandom(seed ^ 0x41d);
  let sent = 0;
  let last: Promise<void> = Promise.resolve();
  const through =
    (send: (report: Uint8Array) => void) =>
    (report: Uint8Array): void => {
      const number = sent;
      sent += 1;
      if (kinds.includes("stops") && number >= STOPS_AFTER) return;
      if (kinds.includes("garbage") && number === 0)
        send(Uint8Array.from({ length: meter.reportBytes }, () => below(random, 256)));
      const at = below(random, Math.max(1, lastTelling(report)));
      const damaged = kinds.includes("checksum") && number === DAMAGED_REPORT;
      const out = damaged ? report.map((byte, place) => (place === at ? byte ^ 0x10 : byte)) : report;
      if (!kinds.includes("slow")) {
        send(out);
        return;
      }
      last = last.then(() => clock.sleep(SLOW_REPORT_MS)).then(() => send(out));
      last = last.catch(() => undefined);
    };
  return {
    reportBytes: meter.reportBytes,
    ...(meter.start === undefined ? {} : { start: (send) => meter.start?.(through(send)) }),
    receive: (report, send) => meter.receive(report, through(send)),
    ...(meter.setFeature === undefined ? {} : { setFeature: (report: Uint8Array) => meter.setFeature?.(report) }),
    ...(meter.getFeature === undefined
      ? {}
      : { getFeature: (id: number, length: number) => meter.getFeature?.(id, length) ?? new Uint8Array() }),
  };
}

/** How many bytes of a report stand before its padding. */
function lastTelling(report: Uint8Array): number {
  return report.findLastIndex((byte) => byte !== 0) + 1;
}
