import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import type { StreamTuning } from "../../src/api/event-routes.js";
import type { HubPorts } from "../../src/api/ports.js";
import { type Api, startApi } from "../../src/api/start-api.js";
import { silentLog } from "../../src/domain/clock.js";
import { derivedId } from "../../src/domain/identity.js";
import { Problem } from "../../src/domain/problem.js";
import { EMPTY_FIELDS, type GlucoRecord, type RecordFields } from "../../src/domain/record.js";
import type { HubEvent, ImportStatus, MeterStatus, PairingStatus, SyncStatus } from "../../src/domain/status.js";
import type { DateOrder } from "../../src/kit/driver.js";
import { changesAfter } from "../../src/store/queries.js";
import { ingestPage } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";

/** Token that every test's hub takes. */
export const TOKEN = "test-token-0123456789";
/** What the fake hub's clock shows. */
export const NOW = "2026-11-21T09:30:00.000Z";

/** A hub whose store is real and whose rest can be seen and driven by a test. */
export interface FakeHub {
  readonly api: Api;
  readonly store: Store;
  readonly ports: HubPorts;
  readonly rung: string[];
  /** Answers that were given to pairings, and ports that were forgotten. */
  readonly pairingReplies: unknown[];
  readonly unpaired: string[];
  readonly uploads: { name: string; bytes: number; head: string; dateOrder?: DateOrder }[];
  readonly listeners: Set<(event: HubEvent) => void>;
  health: { ok: boolean; degraded: string[] };
  meters: MeterStatus[];
  tell(event: HubEvent): void;
  /** Calls with the token; `body` is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Starts one on a free port; it ends with the test. */
export async function fakeHub(
  options: { hosts?: string[]; apiToken?: string | null; tuning?: StreamTuning } = {},
): Promise<FakeHub> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-api-"));
  const store = await Store.open({ path: join(folder, "store.db"), role: "local" });
  const listeners = new Set<(event: HubEvent) => void>();
  const rung: string[] = [];
  const pairingReplies: unknown[] = [];
  const unpaired: string[] = [];
  const uploads: FakeHub["uploads"] = [];
  const imports = new Map<string, ImportStatus>();
  const ports: HubPorts = {
    store,
    now: () => Date.parse(NOW),
    meters: async () => hub.meters,
    sync: async () => SYNC,
    ringSync: (why) => void rung.push(why),
    async startImport(name, body, dateOrder) {
      const upload = await measured(body);
      uploads.push({ name, ...upload, ...(dateOrder === null ? {} : { dateOrder }) });
      const id = `import-${uploads.length}`;
      imports.set(id, { ...IMPORT, import: id, name, totalBytes: upload.bytes });
      return { import: id };
    },
    pairings: {
      start: (port) => ({ ...PAIRING, port }),
      status: (id) => (id === PAIRING.pairing ? PAIRING : null),
      answer(id, reply) {
        if (id !== PAIRING.pairing) throw new Problem("PAIRING_NOT_FOUND");
        pairingReplies.push(reply);
        return { ...PAIRING, state: "done" };
      },
    },
    async unpair(port) {
      unpaired.push(port);
    },
    importStatus: (id) => imports.get(id) ?? null,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    health: async () => hub.health,
    metrics: async () => "# TYPE glucohub_up gauge\nglucohub_up 1\n",
  };
  const api = await startApi({
    ports,
    settings: { host: "127.0.0.1", port: 0, hosts: options.hosts ?? [] },
    apiToken: options.apiToken === undefined ? TOKEN : options.apiToken,
    log: silentLog,
    ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
  });
  const hub: FakeHub = {
    api,
    store,
    ports,
    rung,
    pairingReplies,
    unpaired,
    uploads,
    listeners,
    health: { ok: true, degraded: [] },
    meters: [METER],
    tell(event) {
      for (const listener of listeners) listener(event);
    },
    call: (method, path, body, headers = {}) =>
      fetch(`${api.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
  onTestFinished(async () => {
    await api.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return hub;
}

/** Tells the hub's listeners of every commit from now on, in the store's order, as the real hub does. */
export function tellOfCommits(hub: FakeHub): void {
  let told = 0;
  let turn = Promise.resolve();
  hub.store.onCommit(() => {
    turn = turn.then(async () => {
      for (const { seq, record } of await changesAfter(hub.store, told, 1_000)) {
        told = seq;
        hub.tell({ type: "record", seq, data: record });
      }
    });
  });
}

/** Keeps readings of a meter, numbered from `first`, a minute apart; their ids. */
export async function keepReadings(store: Store, count: number, first = 0): Promise<string[]> {
  const rows = Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const time = new Date(Date.parse("2026-11-20T00:00:00.000Z") + number * 60_000).toISOString();
    return { id: derivedId("test", number), kind: "glucose" as const, fields: reading({ time }), raw: null };
  });
  await store.write((tx) => ingestPage(tx, rows, null, { by: "session", why: "read", at: NOW }));
  return rows.map((row) => row.id);
}

/** What a meter said, with what a test changes. */
export function reading(changes: Partial<RecordFields> = {}): RecordFields {
  return {
    ...EMPTY_FIELDS,
    time: "2026-11-20T07:03:00.000Z",
    timeQuality: "device",
    deviceTime: "2026-11-20T08:03:00",
    utcOffset: 60,
    value: 104,
    unit: "mg/dL",
    source: "meter",
    manufacturer: "Acme",
    model: "One",
    serial: "A1",
    ...changes,
  };
}

/** How the sync is, as the fake hub has it. */
export const SYNC: SyncStatus = {
  state: "idle",
  pending: 0,
  conflicts: 0,
  rejected: 0,
  lastSuccess: null,
  lastCompared: null,
  lastError: null,
  scheduler: "timer",
  cloud: { kind: "native", url: "http://cloud.example" },
};

/** The meter that is attached to the fake hub. */
export const METER: MeterStatus = {
  port: "/dev/ttyUSB0",
  driver: "acme-one",
  manufacturer: "Acme",
  model: "One",
  serial: "A1",
  lastRead: null,
  clockErrorMs: 2_000,
  state: "waiting",
  progress: { read: 0, expected: null, new: 0 },
  detail: "Claimed by its USB identifiers.",
  virtual: false,
};

/** The pairing that the fake hub knows. */
export const PAIRING: PairingStatus = {
  pairing: "9b2f4c1e-0d1a-4c6e-8a77-2f6f3a1b5c0d",
  port: "ble:C0:FF:EE:00:00:01",
  name: "meter+00123456",
  state: "passkey",
  digits: null,
  detail: "Type the six digits that the meter shows.",
};

const IMPORT: Omit<ImportStatus, "import" | "name"> = {
  state: "running",
  format: null,
  doneBytes: 0,
  totalBytes: 0,
  new: 0,
  known: 0,
  unreadable: 0,
  problem: null,
};

async function measured(body: Readable): Promise<{ bytes: number; head: string }> {
  let bytes = 0;
  let head = "";
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (bytes === 0) head = chunk.toString("utf8", 0, 20);
    bytes += chunk.length;
  }
  return { bytes, head };
}

/** The answer's body as a record. */
export async function asRecord(answer: Response): Promise<GlucoRecord> {
  return (await answer.json()) as GlucoRecord;
}
