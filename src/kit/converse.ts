import { Problem } from "../domain/problem.js";
import type { SessionEvent } from "../domain/reading.js";
import type { MeterDriver, SessionContext, SetClockContext } from "./driver.js";
import type { MeterTransport } from "./transport.js";

/** A session's context without what carries it. */
export type ConversationContext = Omit<SessionContext, "transport">;

/**
 * The driver's session over a transport of the kind that it needs. Throws INTERNAL at once for a transport of another
 * kind, which `openMeter` never gives.
 */
export function converse(
  driver: MeterDriver,
  transport: MeterTransport,
  context: ConversationContext,
): AsyncGenerator<SessionEvent, void, void> {
  if (driver.transport === "hid" && transport.kind === "hid") return driver.session({ ...context, transport });
  if (driver.transport === "block" && transport.kind === "block") return driver.session({ ...context, transport });
  if (driver.transport === "ble" && transport.kind === "ble") return driver.session({ ...context, transport });
  if ((driver.transport === "serial" || driver.transport === "usb") && transport.kind === "stream")
    return driver.session({ ...context, transport });
  throw mismatch(driver, transport);
}

/** As `converse`, for setting the clock; null if the driver knows no way to set it or can't read it back. */
export async function setMeterClock(
  driver: MeterDriver,
  transport: MeterTransport,
  context: Omit<SetClockContext, "transport">,
): Promise<string | null> {
  if (driver.setClock === null) return null;
  if (driver.transport === "hid" && transport.kind === "hid") return await driver.setClock({ ...context, transport });
  if (driver.transport === "block" && transport.kind === "block")
    return await driver.setClock({ ...context, transport });
  if (driver.transport === "ble" && transport.kind === "ble") return await driver.setClock({ ...context, transport });
  if ((driver.transport === "serial" || driver.transport === "usb") && transport.kind === "stream")
    return await driver.setClock({ ...context, transport });
  throw mismatch(driver, transport);
}

function mismatch({ id }: MeterDriver, { kind }: MeterTransport): Problem {
  return new Problem("INTERNAL", `${id} was given a transport of the kind ${kind}`);
}
