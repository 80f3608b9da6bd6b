import type { Command } from "commander";
import type { Clock } from "../../domain/clock.js";
import { Problem } from "../../domain/problem.js";
import { wallAt, wallMs } from "../../domain/zone.js";
import { meterOpener } from "../../hub/watch-meters.js";
import type { OpenMeter } from "../../ingest/read-meter.js";
import { setMeterClock } from "../../kit/converse.js";
import type { MeterDriver } from "../../kit/driver.js";
import type { Settings } from "../../settings/settings.js";
import type { Bluetooth } from "../../transports/bluez/bluetooth.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { ownersFor } from "../owners.js";
import { needsRadio, withRadio } from "../radio.js";
import { type MeterChoice, readAttached } from "../read-attached.js";
import { tellSummary } from "../tell-session.js";
import { withStore } from "../with-store.js";

/** How far off a clock may be that was just set: many meters have no seconds, and setting takes a moment. */
const SET_TOLERANCE_MS = 61_000;

/** `set-clock`: sets one meter's clock, after everything in its memory is safe. */
export function addSetClock(program: Command, cli: Cli): void {
  const command = program
    .command("set-clock")
    .description(
      "Set one meter's clock to the right time and read it back. Its memory is read and kept first: once the clock is " +
        "set, nobody could tell any more by how much the times of older readings were wrong.",
    )
    .option("--port <path>", "where it is attached (default: the only meter there is)")
    .option("--driver <id>", "which driver to use (default: the one that claims the port)")
    .option("--zone <zone>", "zone whose time it shall show (default: the patient's, else the hub's)")
    .option("--json", "one JSON object: port, driver, serial, zone, wasErrorMs, set, shows, verified")
    .action((options: MeterChoice) => setClock(cli, options));
  withExample(command, "set-clock", "set-clock --port /dev/ttyUSB0 --zone Europe/London");
}

async function setClock(cli: Cli, options: MeterChoice): Promise<void> {
  const settings = cli.settings();
  await withRadio(cli, settings, needsRadio(options), (bluetooth) => setWith(cli, settings, options, bluetooth));
}

async function setWith(cli: Cli, settings: Settings, options: MeterChoice, bluetooth: Bluetooth | null): Promise<void> {
  const { clock } = cli.io;
  const log = cli.quietLog(settings);
  const { report, driver, place } = await withStore(cli, settings, (store) =>
    readAttached(cli, settings, { ...options, silent: true }, { store, clock, log, bluetooth }),
  );
  if (report.problem !== null) throw report.problem;
  tellSummary(cli, report, true);
  if (driver.setClock === null)
    throw new Problem(
      "METER_UNSUPPORTED",
      `No way is known to set the clock of a ${driver.models[0] ?? driver.id} from outside.`,
    );
  const serial = report.identity?.serial ?? null;
  const { zone } = ownersFor(settings, options).ownerOf(serial);
  const { set, shows } = await write(cli, driver, meterOpener(bluetooth), place.port, clock, zone);
  const offMs = shows === null ? null : wallMs(shows) - wallMs(set);
  const verified = offMs !== null && Math.abs(offMs) <= SET_TOLERANCE_MS;
  if (offMs !== null && !verified)
    throw new Problem("METER_REFUSED", `The meter shows ${shows} after its clock was set to ${set}.`);
  const facts = {
    port: place.port,
    driver: driver.id,
    serial,
    zone,
    wasErrorMs: report.clockErrorMs,
    set,
    shows,
    verified,
  };
  if (options.json === true) await cli.out.json(facts);
  else if (verified) await cli.out.print(`The meter's clock shows ${shows} now (${zone}).`);
  else await cli.out.print(`The meter took ${set} (${zone}). It can't be asked for its time: look at its display.`);
}

async function write(
  cli: Cli,
  driver: MeterDriver,
  openMeter: OpenMeter,
  port: string,
  clock: Clock,
  zone: string,
): Promise<{ readonly set: string; readonly shows: string | null }> {
  const signal = cli.io.interruption();
  const transport = await openMeter(driver, port, signal);
  let set = "";
  const wallNow = (): string => {
    set = wallAt(zone, clock.now()).slice(0, 19);
    return set;
  };
  try {
    const log = cli.quietLog(cli.settings());
    const shows = await setMeterClock(driver, transport, { clock, signal, log, wallNow });
    return { set, shows };
  } finally {
    await transport.close();
  }
}
