import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceIdentity } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { BleTransport } from "../../src/kit/transport.js";
import { readDeviceInformation } from "../shared/gatt/device-information.js";
import { findCharacteristic, GLUCOSE } from "../shared/gatt/names.js";
import { Notices } from "../shared/gatt/notices.js";
import { RacpProcedure } from "../shared/gatt/racp-procedure.js";
import { readFeature } from "./feature.js";
import { identityOf } from "./identity.js";
import { type Row, rowOf } from "./rows.js";

/** Before the first request for records: meters that are asked sooner decline (sheet a: 500 ms). */
const SETTLING_MS = 500;

/** A meter that has said who it is. */
export interface Meter {
  readonly row: Row;
  readonly identity: SourceIdentity;
  readonly notices: Notices;
}

/**
 * Asks who the meter is; nothing is switched on yet. Throws METER_UNSUPPORTED for one that has no records to ask for, and
 * what the transport throws.
 */
export async function openMeter(context: SessionContext<BleTransport>): Promise<Meter> {
  const { transport, signal, log } = context;
  for (const name of [GLUCOSE.measurement, GLUCOSE.recordAccess]) {
    if (findCharacteristic(transport, name) === null) {
      throw new Problem("METER_UNSUPPORTED", `It has no ${name.characteristic} in the Glucose Service.`);
    }
  }
  const information = await readDeviceInformation(transport, signal);
  const row = rowOf(information.manufacturer, transport.advertised);
  const identity = identityOf(information, row, transport);
  if (identity.serial === null) log.warn({}, "the meter tells no serial number, and nothing else that is its own");
  return { row, identity, notices: new Notices(context) };
}

/** Switches on what the meter tells of its own accord, in the profile's order, and gives the procedure to ask for it. */
export async function openRecords(
  { transport, clock, signal, log }: SessionContext<BleTransport>,
  { notices }: Meter,
): Promise<RacpProcedure> {
  await logFeature({ transport, signal, log });
  await transport.subscribe(GLUCOSE.measurement, signal);
  // Several meters have none.
  if (findCharacteristic(transport, GLUCOSE.context) !== null) await transport.subscribe(GLUCOSE.context, signal);
  await transport.subscribe(GLUCOSE.recordAccess, signal);
  await clock.sleep(SETTLING_MS, signal);
  return new RacpProcedure({ transport, clock, signal, notices, point: GLUCOSE.recordAccess });
}

/** What the meter can notice is read, as the profile wants it; a meter that declines is read all the same. */
async function logFeature({
  transport,
  signal,
  log,
}: Pick<SessionContext<BleTransport>, "transport" | "signal" | "log">): Promise<void> {
  if (findCharacteristic(transport, GLUCOSE.feature) === null) return;
  try {
    const feature = readFeature(await transport.readValue(GLUCOSE.feature, signal));
    log.debug({ feature: feature.toString(16).padStart(4, "0") }, "what the meter can notice");
  } catch (error) {
    if (!isProblem(error, "GATT_REFUSED", "FRAME_TRUNCATED")) throw error;
    log.debug({ att: error.context["att"] ?? null }, "the meter does not say what it can notice");
  }
}
