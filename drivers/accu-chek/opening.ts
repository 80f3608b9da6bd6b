import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceIdentity } from "../../src/domain/reading.js";
import type { BulkDriver, SessionContext } from "../../src/kit/driver.js";
import type { DeviceFacts } from "../shared/ieee11073/device.js";
import { Manager } from "../shared/ieee11073/manager.js";
import { type DeviceObject, storeOf } from "../shared/ieee11073/objects.js";
import { askDevice } from "../shared/ieee11073/proven.js";
import { modelOf } from "../shared/roche/models.js";

/** It only listens until the meter has spoken. */
export const PROBE: BulkDriver["probe"] = { rank: 10, withinMs: 2_500 };
/** How long a meter is awaited that was just plugged in: it asks once, and, by the standard, again after ten seconds. */
const OPENING_MS = 12_000;
/** Shape of a serial number: all known ones are digits (sheet a). */
const SERIAL = /^[0-9A-Za-z-]{4,32}$/;

/** A meter that has begun, said what it is made of, and who it is. */
export interface OpenMeter {
  readonly objects: readonly DeviceObject[];
  readonly storeHandle: number;
  readonly facts: DeviceFacts;
  readonly identity: SourceIdentity;
  readonly isInstant: boolean;
}

/**
 * Waits for the meter to begin, and asks who it is. Throws METER_NOT_READY if it says nothing (as a probe: METER_TIMEOUT),
 * METER_UNSUPPORTED if it keeps no results, FRAME_MALFORMED without a serial number, METER_REFUSED, METER_STALLED and
 * FRAME_TRUNCATED if it declines or breaks off. A probe that meets another device gets FRAME_MALFORMED.
 */
export async function openMeter(manager: Manager, context: SessionContext): Promise<OpenMeter> {
  const isProbe = context.patience === "probe";
  try {
    const withinMs = isProbe ? PROBE.withinMs : OPENING_MS;
    const { objects } = await manager.associate({ withinMs, silent: () => silence(isProbe) });
    const store = storeOf({ id: 0, objects });
    if (store === null) throw new Problem("METER_UNSUPPORTED", "A health device answers, but it keeps no results.");
    const facts = await askDevice(manager, context.clock);
    const { serial } = facts;
    if (serial === null || !SERIAL.test(serial)) {
      throw new Problem("FRAME_MALFORMED", "The meter tells no serial number that this driver knows.");
    }
    const model = modelOf(facts.model);
    const { manufacturer, firmware } = facts;
    const identity = { manufacturer, model: model.name, serial, firmware, displayUnit: null };
    return { objects, storeHandle: store.handle, facts, identity, isInstant: model.isInstant };
  } catch (error) {
    if (!isProbe || !isProblem(error, "METER_UNSUPPORTED", "METER_STALLED", "FRAME_TRUNCATED")) throw error;
    const { code, message } = error;
    const what = "Something answers, but not as this driver's meters would.";
    throw new Problem("FRAME_MALFORMED", what, { cause: code, detail: message });
  }
}

/** Runs a conversation, and leaves the meter in order if it does not come to its end. */
export async function* conversation<T>(
  context: SessionContext,
  talk: (manager: Manager) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  const manager = new Manager(context);
  try {
    yield* talk(manager);
  } finally {
    // Nothing is sent if the meter was left with a release.
    await manager.abort();
  }
}

function silence(isProbe: boolean): Problem {
  if (isProbe) return new Problem("METER_TIMEOUT");
  return new Problem(
    "METER_NOT_READY",
    "The meter says nothing: it only begins within a short time after it is plugged in. Unplug it, plug it in again, and" +
      " read it at once.",
  );
}
