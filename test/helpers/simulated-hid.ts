import { Problem } from "../../src/domain/problem.js";
import type { HidDriver, HidSimulator } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Heard, type HearOptions, hearOn } from "./simulated-line.js";

/** What answers at the other end: a simulated meter, or a part of one. */
export type HidAnswerer = Pick<HidSimulator, "receive" | "start" | "setFeature" | "getFeature"> & {
  /** Shorter input reports are padded with zeros to that length, as the system does; default: left as they are. */
  readonly reportBytes?: number;
};

/** A HID device; `written` holds what was sent to it, one entry a report, feature reports among them. */
export type HidBench = HidTransport & { readonly written: Uint8Array[]; unplug(): void };

/** A HID device with an answerer behind it. */
export function hidTo(answerer: HidAnswerer): HidBench {
  const came: Uint8Array[] = [];
  const written: Uint8Array[] = [];
  let wake = (): void => undefined;
  let gone = false;
  let at = 0;
  const send = (report: Uint8Array): void => {
    if (gone) return;
    const padded = new Uint8Array(Math.max(report.length, answerer.reportBytes ?? 0));
    padded.set(report);
    came.push(padded);
    wake();
  };
  const demandThere = (signal?: AbortSignal): void => {
    signal?.throwIfAborted();
    if (gone) throw new Problem("TRANSPORT_GONE");
  };
  answerer.start?.(send);
  return {
    kind: "hid",
    name: "bench",
    written,
    async read(signal) {
      while (at === came.length) {
        demandThere(signal);
        came.length = 0;
        at = 0;
        await new Promise<void>((resolve) => {
          const over = (): void => {
            signal?.removeEventListener("abort", over);
            resolve();
          };
          wake = over;
          signal?.addEventListener("abort", over, { once: true });
        });
      }
      at += 1;
      return came[at - 1] ?? new Uint8Array();
    },
    async write(report, signal) {
      demandThere(signal);
      written.push(Uint8Array.from(report));
      answerer.receive(report, send);
    },
    async setFeature(report, signal) {
      demandThere(signal);
      written.push(Uint8Array.from(report));
      answerer.setFeature?.(report);
    },
    async getFeature(id, length, signal) {
      demandThere(signal);
      const report = answerer.getFeature?.(id, length);
      if (report === undefined) throw new Problem("TRANSPORT_GONE", "the device has no feature reports");
      return Uint8Array.from(report.subarray(0, length));
    },
    async close() {},
    unplug() {
      gone = true;
      wake();
    },
  };
}

/** Runs a driver's session against an answerer on the virtual clock; `stop` as in `hear`. */
export async function hearHid(
  driver: Pick<HidDriver, "session">,
  answerer: HidAnswerer,
  clock: VirtualClock,
  options: HearOptions & {
    /** The device to run on; default: a new one with the answerer behind it. */
    readonly transport?: HidBench;
  } = {},
): Promise<Heard> {
  const transport = options.transport ?? hidTo(answerer);
  return { ...(await hearOn<HidTransport>(driver, transport, clock, options)), written: transport.written };
}
