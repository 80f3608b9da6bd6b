import type { MeterStatus } from "../domain/status.js";
import type { KnownMeter } from "../store/meters.js";
import type { Attachment } from "../transports/attachments.js";
import type { Claim } from "./attachment.js";

const NO_PROGRESS: MeterStatus["progress"] = { read: 0, expected: null, new: 0 };

/** What can be said of an attached device before anything was asked of it. */
export function attachedStatus(attachment: Attachment, { drivers, readable, why }: Claim): MeterStatus {
  const [first, ...others] = drivers;
  return {
    port: attachment.port,
    // Where several may be meant, none is named before a meter has answered it.
    driver: others.length === 0 ? (first?.id ?? null) : null,
    manufacturer: null,
    model: null,
    serial: null,
    lastRead: null,
    clockErrorMs: null,
    state: first === undefined ? "unclaimed" : readable ? "waiting" : "unpaired",
    progress: NO_PROGRESS,
    detail: why,
    virtual: attachment.virtual,
  };
}

/** A meter that was read before and is not attached now; `detail` is a sentence on how that went. */
export function awayStatus(meter: KnownMeter, detail: string): MeterStatus {
  const { driver, manufacturer, model, serial, lastReadAt, clockErrorMs } = meter;
  return {
    port: null,
    driver,
    manufacturer,
    model,
    serial,
    lastRead: lastReadAt,
    clockErrorMs,
    state: "away",
    progress: NO_PROGRESS,
    detail,
    virtual: false,
  };
}
