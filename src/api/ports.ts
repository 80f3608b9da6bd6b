import type { Readable } from "node:stream";
import type { HubEvent, ImportStatus, MeterStatus, PairingStatus, SyncStatus } from "../domain/status.js";
import type { DateOrder } from "../kit/driver.js";
import type { Store } from "../store/store.js";

/** What the HTTP interface asks of the hub; the hub fits it by shape. */
export interface HubPorts {
  readonly store: Store;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  meters(): Promise<MeterStatus[]>;
  /** Pairing with Bluetooth meters; they throw PAIRING_FAILED, PAIRING_NOT_FOUND and REQUEST_INVALID. */
  readonly pairings: {
    start(port: string): PairingStatus;
    /** Null if there is none with this id. */
    status(id: string): PairingStatus | null;
    answer(
      id: string,
      reply: { readonly digits?: string | undefined; readonly yes?: boolean | undefined },
    ): PairingStatus;
  };
  /** Forgets a Bluetooth meter. Throws BLUETOOTH_MISSING. */
  unpair(port: string): Promise<void>;
  sync(): Promise<SyncStatus>;
  /** Rings the sync worker, whatever pause is on where a person asked for it; never waits for it. */
  ringSync(why: "edit" | "asked" | "full"): void;
  /**
   * Keeps the body as a file and imports it in the background; resolves when the file is kept. `name` is for messages,
   * `dateOrder` says how dates of numbers alone are meant where the file does not show it.
   */
  startImport(name: string, body: Readable, dateOrder: DateOrder | null): Promise<{ import: string }>;
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
