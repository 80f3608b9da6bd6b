import { randomUUID } from "node:crypto";
import type { Clock, Log } from "../domain/clock.js";
import { asProblem } from "../domain/problem.js";
import type { SessionEvent, SourceIdentity } from "../domain/reading.js";
import type { GlucoRecord } from "../domain/record.js";
import { converse } from "../kit/converse.js";
import type { MeterDriver } from "../kit/driver.js";
import { printTranscript } from "../kit/transcript.js";
import type { MeterTransport } from "../kit/transport.js";
import { meterCursor } from "../store/meters.js";
import type { Store } from "../store/store.js";
import { type RecordingMeter, recordMeter } from "../transports/record-meter.js";
import type { OwnerOf } from "./owner.js";
import { runSession } from "./session.js";
import type { SessionProgress, SessionReport } from "./session-report.js";

/** Opens a port as the driver needs it; rejects with a Problem (`openMeter` of the transports, or a stand-in). */
export type OpenMeter = (driver: MeterDriver, port: string, signal?: AbortSignal) => Promise<MeterTransport>;

/** What one meter is read with. */
export interface ReadMeterOptions {
  /** Device path. */
  readonly port: string;
  readonly driver: MeterDriver;
  readonly openMeter: OpenMeter;
  /** Secret keys by name, where the user has a key file. */
  readonly keys?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Null: its readings are told and not kept. */
  readonly store: Store | null;
  readonly clock: Clock;
  readonly ownerOf: OwnerOf;
  /** The hub's zone, for the transcript's head. */
  readonly zone: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** `vid:pid`, for the transcript's head; null if unknown. */
  readonly usb?: string | null;
  readonly virtual?: boolean;
  /** How long the first answer is awaited; see the drivers' contract. */
  readonly patience?: "full" | "probe";
  /** Asked when the meter has named itself; true leaves it alone: nothing is read and nothing kept. */
  readonly leaveIf?: ((identity: SourceIdentity) => boolean) | undefined;
  /** False: no capture if there was nothing new; default true. */
  readonly captureUnchanged?: boolean;
  /** True: everything is read, also what a meter with record numbers could leave out; default false. */
  readonly everything?: boolean;
  readonly onRecord?: ((record: GlucoRecord, fresh: boolean) => void) | undefined;
  readonly onProgress?: ((progress: SessionProgress) => void) | undefined;
}

/** How a meter's session ended, with all that was said. */
export interface ReadMeterReport extends SessionReport {
  /** The transcript as text; null if the port could not be opened. */
  readonly transcript: string | null;
}

/** What the last whole session noted, asked once and kept for the transcript's head, as a replay needs it too. */
function resumption({ store, driver, everything }: ReadMeterOptions): {
  readonly resume: (serial: string | null) => Promise<string | null>;
  readonly noted: () => string | null;
} {
  let noted: string | null = null;
  return {
    async resume(serial) {
      if (store !== null && serial !== null && everything !== true) noted = await meterCursor(store, driver.id, serial);
      return noted;
    },
    noted: () => noted,
  };
}

/**
 * Reads one meter now: opens its port, runs the driver's conversation into the store, writes the conversation down and
 * closes the port in every case. Never rejects: see `runSession`; a port that can't be opened is the report's problem.
 */
export async function readMeter(options: ReadMeterOptions): Promise<ReadMeterReport> {
  const { driver, clock, signal, log, port } = options;
  const resumed = resumption(options);
  let recorder: RecordingMeter | null = null;

  async function* events(): AsyncGenerator<SessionEvent, void, void> {
    const transport = await options.openMeter(driver, port, signal);
    try {
      // It may have opened after all when nobody waited for it any more.
      signal.throwIfAborted();
      recorder = recordMeter(transport, clock, {
        driver: driver.id,
        transport: driver.transport,
        origin: options.virtual === true ? "simulated" : "capture",
        zone: options.zone,
        ...(options.usb ? { usb: options.usb } : {}),
        // A replay must be as patient as the session was, or it would speak at other times.
        ...(options.patience === "probe" ? { others: new Map([["patience", "probe"]]) } : {}),
      });
      const { patience = "full", keys } = options;
      const given = keys === undefined ? {} : { keys };
      yield* converse(driver, recorder, { clock, signal, log, patience, resume: resumed.resume, ...given });
    } finally {
      await transport.close();
    }
  }

  const text = (): string | null => (recorder === null ? null : transcriptText(recorder, resumed.noted()));
  const report = await runSession({
    driver,
    events: events(),
    store: options.store,
    clock,
    ownerOf: options.ownerOf,
    kind: "session",
    captureId: randomUUID(),
    port,
    transcript: text,
    signal,
    log,
    captureUnchanged: options.captureUnchanged,
    captureUnnamed: options.patience !== "probe",
    leaveIf: options.leaveIf,
    onRecord: options.onRecord,
    onProgress: options.onProgress,
  });
  await close(recorder, log);
  return { ...report, transcript: text() };
}

/** The conversation as text, with what the driver was told of the last one. */
function transcriptText(recorder: RecordingMeter, resumedFrom: string | null): string {
  if (resumedFrom === null) return recorder.text();
  const { headers, events } = recorder.transcript();
  const others = new Map([...(headers.others ?? []), ["resume", resumedFrom] as const]);
  return printTranscript({ headers: { ...headers, others }, events });
}

async function close(transport: RecordingMeter | null, log: Log): Promise<void> {
  try {
    await transport?.close();
  } catch (error) {
    log.warn({ code: asProblem(error).code }, "the port could not be closed");
  }
}
