import { randomUUID } from "node:crypto";
import { startApi } from "../../src/api/start-api.js";
import { silentLog } from "../../src/domain/clock.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { HubEvent, SyncStatus } from "../../src/domain/status.js";
import { startChangeFeed } from "../../src/hub/change-feed.js";
import { type SyncParts, syncStatus } from "../../src/hub/sync-status.js";
import { teller } from "../../src/hub/sync-teller.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { runSession } from "../../src/ingest/session.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { Store } from "../../src/store/store.js";
import { type EventListener, listenTo } from "./event-listener.js";

const TOKEN = "bench-token";

/**
 * A session with a scripted meter through ingest, store, change feed and HTTP interface, put together as the hub does
 * it, to a client of the event stream: milliseconds of each reading.
 *
 * @param meter serial number of the meter: another one tells other readings
 */
export async function hubEvents(path: string, count: number, meter: string): Promise<number[]> {
  const store = await Store.open({ path, role: "local" });
  const ending = new AbortController();
  const listeners = new Set<(event: HubEvent) => void>();
  const heard = (): boolean => listeners.size > 0;
  const emit = (event: HubEvent): void => {
    for (const listener of listeners) listener(event);
  };
  let fault: unknown = null;
  const onProblem = (error: unknown): void => {
    fault = error;
  };
  const status = (): Promise<SyncStatus> => syncStatus(store, NO_CLOUD);
  const tellSync = teller({
    status,
    clock: systemClock,
    signal: ending.signal,
    heard,
    emit,
    onProblem,
  });
  await startChangeFeed({
    store,
    clock: systemClock,
    signal: ending.signal,
    heard,
    onChange: (seq, record) => emit({ type: "record", seq, data: record }),
    onLocal: tellSync,
    onProblem,
  });
  const api = await startApi({
    ports: {
      store,
      now: () => Date.now(),
      meters: async () => [],
      sync: status,
      ringSync() {},
      startImport: () => Promise.reject(new Error("nothing is imported here")),
      importStatus: () => null,
      pairings: { start: noRadio, status: () => null, answer: noRadio },
      unpair: async () => noRadio(),
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      health: async () => ({ ok: true, degraded: [] }),
      metrics: async () => "",
    },
    settings: { host: "127.0.0.1", port: 0, hosts: [] },
    apiToken: TOKEN,
    log: silentLog,
  });
  const client = await listenTo(`${api.url}/api/v1/events`, TOKEN);
  try {
    const latencies: number[] = [];
    const report = await runSession({
      driver: { id: "bench", source: "meter" },
      events: readingByReading(client, meter, count, latencies),
      store,
      clock: systemClock,
      ownerOf: ownerBySerial([], "UTC"),
      kind: "session",
      captureId: randomUUID(),
      port: null,
      transcript: () => null,
      signal: ending.signal,
    });
    if (fault !== null) throw fault;
    if (report.problem !== null) throw report.problem;
    if (report.new !== count) throw new Error(`${report.new} of ${count} readings were new`);
    return latencies;
  } finally {
    await client.stop();
    ending.abort();
    await api.close();
    await store.close();
  }
}

/** The scripted meter: tells its next reading when the client has seen the one before. */
async function* readingByReading(
  client: EventListener,
  serial: string,
  count: number,
  latencies: number[],
): AsyncGenerator<SessionEvent, void, void> {
  const nowMs = Date.now();
  const identity = { manufacturer: "LifeScan", model: "OneTouch Ultra 2", serial, firmware: null, displayUnit: null };
  yield { type: "identity", identity, source: "meter", sourceName: null };
  yield { type: "clock", deviceTime: wall(nowMs) };
  for (let index = 0; index < count; index += 1) {
    const readings = [reading(wall(nowMs - (index + 1) * 60_000), index + 1)];
    const since = process.hrtime.bigint();
    yield { type: "readings", readings };
    latencies.push(await client.heard(index + 1, since));
  }
}

function wall(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

function reading(deviceTime: string, value: number): SourceReading {
  return {
    kind: "glucose",
    value,
    value2: null,
    unit: "mg/dL",
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    note: null,
    deviceTime,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    asSent: String(value),
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: Buffer.from(`P "${deviceTime}", " ${value} "`),
  };
}

/** As the hub tells it where no cloud is set. */
const NO_CLOUD: SyncParts = {
  engine: { state: "idle", standby: false, problem: null, last: null },
  scheduler: "off",
  cloud: null,
};

function noRadio(): never {
  throw new Error("nothing is paired here");
}
