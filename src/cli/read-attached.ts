import type { Clock, Log } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { readerKeys } from "../hub/reader-keys.js";
import { meterOpener } from "../hub/watch-meters.js";
import { type ReadMeterReport, readMeter } from "../ingest/read-meter.js";
import { type Patience, recognise } from "../ingest/recognise.js";
import type { MeterDriver } from "../kit/driver.js";
import type { Settings } from "../settings/settings.js";
import type { Store } from "../store/store.js";
import type { Bluetooth } from "../transports/bluez/bluetooth.js";
import { type ChosenPort, choosePort } from "./choose-port.js";
import type { Cli } from "./cli.js";
import { ownersFor } from "./owners.js";
import { progressBar } from "./progress.js";
import { heard } from "./radio.js";
import { recordPrinter } from "./tell-session.js";

/** Which meter a command is to talk to, as its options name it. */
export interface MeterChoice {
  readonly port?: string;
  readonly driver?: string;
  readonly zone?: string;
  /** Records are printed as JSON. */
  readonly json?: boolean;
  /** Everything is read, also what a meter with record numbers could leave out. */
  readonly all?: boolean;
  /** Records are not printed. */
  readonly silent?: boolean;
}

/** A meter that was read: how that went, where, and which driver it answered. */
export interface ReadAttached {
  readonly report: ReadMeterReport;
  readonly driver: MeterDriver;
  readonly place: ChosenPort;
}

/**
 * Reads the named meter, or the only one, printing its records as they come: tries the port's drivers in turn until a
 * meter answers one of them. Throws what `choosePort` throws; how the session ended is in the report.
 */
export async function readAttached(
  cli: Cli,
  settings: Settings,
  choice: MeterChoice,
  tools: {
    readonly store: Store | null;
    readonly clock: Clock;
    readonly log: Log;
    /** Null for what is plugged in. */
    readonly bluetooth: Bluetooth | null;
  },
): Promise<ReadAttached> {
  const { bluetooth, ...kept } = tools;
  const reach = bluetooth === null ? [] : await heard(cli, bluetooth, choice.port);
  const place = await choosePort(cli, settings, choice, reach);
  const { ownerOf, zone } = ownersFor(settings, choice);
  const keys = await readerKeys(settings);
  const signal = cli.io.interruption();
  const printer = recordPrinter(cli, zone, choice.json === true);
  const attempt = async (driver: MeterDriver, patience: Patience): Promise<ReadMeterReport> => {
    const bar = progressBar(cli.io, place.port);
    const report = await readMeter({
      ...kept,
      keys,
      port: place.port,
      usb: place.usb,
      virtual: place.virtual,
      driver,
      patience,
      openMeter: meterOpener(bluetooth),
      everything: choice.all === true,
      ownerOf,
      zone,
      signal,
      onRecord: (record) => {
        if (choice.silent !== true) printer.print(record);
      },
      onProgress: ({ read: done, expected }) => {
        // Records on the same terminal show well enough how far it is.
        if (!cli.out.isTerminal) bar.update(done, expected);
      },
    });
    bar.stop();
    return report;
  };
  const result = await recognise(place.drivers, null, attempt, () => signal.aborted);
  await printer.done();
  if (result === null) throw new Problem("DRIVER_NO_MATCH");
  return { ...result, place };
}
