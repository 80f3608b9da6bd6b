import type { MeterStatus } from "../domain/status.js";
import { table } from "./plain.js";

/** Meters as a table for people. */
export function meterTable(meters: readonly MeterStatus[]): string[] {
  const rows = meters.map((meter) => [
    meter.port ?? "-",
    meter.state + (meter.virtual ? " (virtual)" : ""),
    meter.driver ?? "-",
    [meter.model, meter.serial].filter((part) => part !== null).join(" ") || "-",
    meter.lastRead ?? "-",
    meter.clockErrorMs === null ? "-" : `${(meter.clockErrorMs / 1_000).toFixed(0)} s`,
    meter.detail,
  ]);
  return table(["port", "state", "driver", "meter", "last read", "clock error", "detail"], rows);
}
