import type { Readable } from "node:stream";
import type { HubEvent, ImportStatus, MeterStatus, SyncStatus } from "../domain/status.js";
import type { Store } from "../store/store.js";

/** What the HTTP interface asks of the hub; the hub fits it by shape. */
export interface HubPorts {
  readonly store: Store;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  meters(): Promise<MeterStatus[]>;
  sync(): Promise<SyncStatus>;
  /** Rings the sync worker, whatever pause is on where a person asked for it; never waits for it. */
  ringSync(why: "edit" | "asked" | "full"): void;
  /**
   * Keeps the body as a file and imports it in the background; resolves when the file is kept. `name` is for messages.
   */
  startImport(name: string, body: Readable): Promise<{ import: string }>;
  /** Null if there is no import with this id. */
  importStatus(id: string): ImportStatus | null;
  /**
   * Calls back with everything that happens from now on; returns what ends that. Records come in the order of their
   * `seq`, none left out, and stand in the store when they are told; a number of conflicts is told whenever it changes.
   */
  subscribe(listener: (event: HubEvent) => void): () => void;
  /** What is degraded (Redis away, cloud away, disk full), one word each; `ok` false when ingest does not work. */
  health(): Promise<{ readonly ok: boolean; readonly degraded: readonly string[] }>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
