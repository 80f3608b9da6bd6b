import { isProblem } from "../domain/problem.js";
import type { MeterDriver } from "../kit/driver.js";
import type { ReadMeterReport } from "./read-meter.js";

/** How a driver is tried: `probe` where others may be meant, so that it gives up soon if nobody answers it. */
export type Patience = "full" | "probe";

/** One session with one driver. */
export type Attempt = (driver: MeterDriver, patience: Patience) => Promise<ReadMeterReport>;

/** Ends after which asking another driver makes no sense: the port is not to be had, or somebody stopped it. */
const PORT_ENDS = ["TRANSPORT_OPEN", "TRANSPORT_GONE", "TRANSPORT_CANCELED", "TRANSPORT_LIBRARY"] as const;

/** What a driver said that failed, the most telling first: a meter that is known but not read says more than silence. */
const TELLING = ["METER_UNSUPPORTED", "METER_REFUSED", "METER_NOT_READY", "FRAME_CHECKSUM"] as const;

/**
 * Tries a port's drivers in turn until a meter answers one of them, the one that was answered at this port the last time
 * first. Gives that driver's report; where none was answered, the report that tells most. Null if there is no driver or
 * `leaving` says at once that nobody wants to know any more.
 */
export async function recognise(
  claimed: readonly MeterDriver[],
  remembered: string | null,
  attempt: Attempt,
  leaving: () => boolean,
): Promise<{ readonly report: ReadMeterReport; readonly driver: MeterDriver } | null> {
  const drivers = remembered === null ? claimed : rememberedFirst(claimed, remembered);
  const patience = drivers.length > 1 ? "probe" : "full";
  let best: { readonly report: ReadMeterReport; readonly driver: MeterDriver } | null = null;
  for (const driver of drivers) {
    const report = await attempt(driver, patience);
    const ended = report.problem === null || report.identity !== null || isProblem(report.problem, ...PORT_ENDS);
    if (best === null || ended || weight(report) > weight(best.report)) best = { report, driver };
    if (ended || leaving()) break;
  }
  return best;
}

function rememberedFirst(drivers: readonly MeterDriver[], id: string): readonly MeterDriver[] {
  return [...drivers.filter((driver) => driver.id === id), ...drivers.filter((driver) => driver.id !== id)];
}

function weight({ problem }: ReadMeterReport): number {
  const place = TELLING.findIndex((code) => isProblem(problem, code));
  return place < 0 ? 0 : TELLING.length - place;
}
