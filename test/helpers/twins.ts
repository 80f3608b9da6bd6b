import { randomUUID } from "node:crypto";
import type { Log } from "../../src/domain/clock.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { RecordFields, Source } from "../../src/domain/record.js";
import { EMPTY_FIELDS } from "../../src/domain/record.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { runSession } from "../../src/ingest/session.js";
import type { SessionReport } from "../../src/ingest/session-report.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { Store } from "../../src/store/store.js";
import type { TwinRecord } from "../../src/store/twins.js";
import { clock, events, identity, NOW_MS, reading, told } from "./ingest.js";

/** Whom the session tells of trouble, and what else a test wants otherwise. */
export interface Manner {
  readonly log?: Log;
  readonly serial?: string;
  readonly source?: Source;
  readonly signal?: AbortSignal;
  readonly patients?: readonly { readonly id: string; readonly meters: readonly string[] }[];
}

/** Reads a meter of these readings into the store, as a session does. */
export function readIn(store: Store, list: readonly SourceReading[], manner: Manner = {}): Promise<SessionReport> {
  return run(store, "session", [identity(manner.serial ?? "SER1"), clock(), told(...list)], manner);
}

/** Imports an export of these readings into the store, as an import does. */
export function importIn(store: Store, list: readonly SourceReading[], manner: Manner = {}): Promise<SessionReport> {
  const nobody = { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null };
  const source = manner.source ?? "healthkit";
  const first = { type: "identity" as const, identity: nobody, source, sourceName: null };
  return run(store, "import", [first, told(...list)], manner);
}

function run(
  store: Store,
  kind: "session" | "import",
  list: Parameters<typeof events>[0],
  { log, signal, source = "healthkit", patients = [] }: Manner,
): Promise<SessionReport> {
  return runSession({
    driver: kind === "session" ? { id: "test-meter", source: "meter" } : { id: "test-export", source },
    events: events(list),
    store,
    clock: new VirtualClock(NOW_MS),
    ownerOf: ownerBySerial(patients, "Europe/London"),
    kind,
    captureId: randomUUID(),
    port: kind === "session" ? "/dev/ttyUSB0" : null,
    transcript: () => null,
    signal: signal ?? new AbortController().signal,
    log,
  });
}

/** A sample of an app, at an instant such as `2024-03-05T08:00:20Z`. */
export function sample(at: string, value: number, given: Partial<SourceReading> = {}): SourceReading {
  const raw = Buffer.from(`${at} ${value} ${given.sourceName ?? "Vendor app"}`);
  return reading({ deviceTime: null, instantMs: Date.parse(at), sourceName: "Vendor app", value, raw, ...given });
}

/** A record of glucose for the rule itself: a meter's 101 mg/dL at 8 o'clock, with what a test changes. */
export function measured(given: Partial<RecordFields> = {}, row = 1, deleted = false): TwinRecord {
  const fields: RecordFields = {
    ...EMPTY_FIELDS,
    time: "2024-03-05T08:00:00.000Z",
    timeQuality: "device",
    value: 101,
    unit: "mg/dL",
    source: "meter",
    serial: "SER1",
    ...given,
  };
  return { row, kind: "glucose", deleted, fields };
}

/** The same as an app's copy of it. */
export function copied(given: Partial<RecordFields> = {}, row = 2, deleted = false): TwinRecord {
  const app = { source: "healthkit", sourceName: "Vendor app", serial: null, timeQuality: "exact" } as const;
  return measured({ ...app, ...given }, row, deleted);
}
