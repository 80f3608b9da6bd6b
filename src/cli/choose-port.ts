import { findDriver } from "../../drivers/index.js";
import { Problem } from "../domain/problem.js";
import type { MeterDriver, SerialDriver } from "../kit/driver.js";
import type { Settings } from "../settings/settings.js";
import type { Attachment } from "../transports/attachments.js";
import { type AttachedPort, attachedPorts } from "./attached.js";
import type { Cli } from "./cli.js";

/** What to read, and the drivers to try on it in turn. */
export interface ChosenPort {
  readonly port: string;
  readonly drivers: readonly MeterDriver[];
  /** `vid:pid`; null if unknown. */
  readonly usb: string | null;
  readonly virtual: boolean;
}

/**
 * The port and drivers to read with: as named, else the only attached meter. Throws TRANSPORT_OPEN if none is attached,
 * USAGE where several are, DRIVER_NO_MATCH where no driver claims the port, DRIVER_UNKNOWN.
 */
export async function choosePort(
  cli: Cli,
  settings: Settings,
  named: { readonly port?: string | undefined; readonly driver?: string | undefined },
  reach: readonly Attachment[] = [],
): Promise<ChosenPort> {
  const driver = named.driver === undefined ? null : meterDriver(named.driver);
  const attached = await attachedPorts(cli, settings, reach);
  const found = named.port === undefined ? onlyOne(attached, driver) : attached.find((one) => at(one) === named.port);
  const drivers = driver === null ? (found?.claim.drivers ?? []) : [driver];
  const port = named.port ?? (found === undefined ? "" : at(found));
  if (drivers.length === 0) {
    const why = found?.claim.why ?? `Nothing is known of ${port}: name the meter's driver with --driver.`;
    throw new Problem("DRIVER_NO_MATCH", why);
  }
  if (found !== undefined && !found.claim.readable) throw new Problem("METER_UNPAIRED", found.claim.why);
  const usb = found?.attachment.usb ?? null;
  return {
    port,
    drivers,
    usb: usb === null ? null : `${usb.vendorId}:${usb.productId}`,
    virtual: found?.attachment.virtual ?? false,
  };
}

/** The driver of that name if it reads meters. Throws DRIVER_UNKNOWN, and USAGE for one that reads files. */
export function meterDriver(id: string): MeterDriver {
  const driver = findDriver(id);
  if (driver.transport !== "file") return driver;
  throw new Problem("USAGE", `${driver.id} is a kind of file: use \`glucohub import FILE\`.`);
}

/** The driver of that name if it reads serial meters. Throws DRIVER_UNKNOWN, and USAGE for another. */
export function serialDriver(id: string): SerialDriver {
  const driver = meterDriver(id);
  if (driver.transport === "serial") return driver;
  throw new Problem("USAGE", `${driver.id} is no serial meter: only those can be plugged in as a pseudo-terminal.`);
}

function onlyOne(attached: readonly AttachedPort[], driver: MeterDriver | null): AttachedPort {
  const fitting = attached.filter(({ claim: { drivers, readable } }) =>
    driver === null ? drivers.length > 0 && readable : drivers.includes(driver),
  );
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const list = (ports: readonly AttachedPort[]): string =>
    ports.map((one) => `\n${at(one)}: ${one.claim.why}`).join("");
  if (only === undefined) {
    const there = attached.length === 0 ? "" : ` What is there:${list(attached)}`;
    throw new Problem("TRANSPORT_OPEN", `No meter is attached that could be read.${there}`);
  }
  throw new Problem("USAGE", `Several meters may be attached; name one with --port:${list(fitting)}`);
}

function at({ attachment }: AttachedPort): string {
  return attachment.port;
}
