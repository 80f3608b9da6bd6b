import { join } from "node:path";
import { DRIVERS } from "../../drivers/index.js";
import type { MeterStatus } from "../domain/status.js";
import { bulkIds, type Claim, claim, mayBeMeter } from "../ingest/attachment.js";
import { attachedStatus, awayStatus } from "../ingest/meter-status.js";
import { awayMeters, oneMeter } from "../ingest/one-meter.js";
import type { Settings } from "../settings/settings.js";
import { type KnownMeter, listMeters } from "../store/meters.js";
import type { Store } from "../store/store.js";
import type { Attachment } from "../transports/attachments.js";
import { listDevices } from "../transports/devices.js";
import type { Cli } from "./cli.js";

/** A device that is attached now and may be a meter, with the drivers that claim it and why. */
export interface AttachedPort {
  readonly attachment: Attachment;
  readonly claim: Claim;
}

/**
 * Looks at what is attached, and at what is in `reach` of the radio where somebody listened. Says on standard error what
 * keeps it from knowing more.
 */
export async function attachedPorts(
  cli: Cli,
  { data }: Settings,
  reach: readonly Attachment[] = [],
): Promise<readonly AttachedPort[]> {
  const { devices, missing } = await listDevices({ portsDir: join(data, "ports"), bulkIds: bulkIds(DRIVERS) });
  if (missing === "udev")
    cli.out.note("The program udevadm is missing (package udev): less is known of the ports than could be.");
  if (missing === "serialport") cli.out.note("The package serialport can't be loaded: real ports can't be read.");
  return [...devices, ...reach]
    .map((attachment) => ({ attachment, claim: claim(DRIVERS, attachment) }))
    .filter(({ attachment, claim }) => mayBeMeter(attachment, claim));
}

/** Attached and known meters as a hub would tell of them, while none runs: nobody reads, so nothing goes on. */
export async function metersWithoutHub(
  cli: Cli,
  settings: Settings,
  store: Store,
  reach: readonly Attachment[] = [],
): Promise<MeterStatus[]> {
  const ports = await attachedPorts(cli, settings, reach);
  return [
    ...ports.map(({ attachment, claim }) => attachedStatus(attachment, claim)),
    ...awayMeters(await listMeters(store), [], oneMeter(DRIVERS)).map(knownStatus),
  ];
}

function knownStatus(meter: KnownMeter): MeterStatus {
  const how = meter.outcome === "done" ? "Read to the end" : `The last session ended with ${meter.outcome}`;
  return awayStatus(meter, `${how}, at ${meter.port}.`);
}
