import type * as z from "zod";
import type { settingsSchema } from "./schema.js";

type Written = z.output<typeof settingsSchema>;

/**
 * The settings in force, every one checked and present. Read once at the start and handed on; never written back.
 *
 * - `hub.id`: null means that the store makes one, once.
 * - `http.port`: 0 takes any free port. `http.hosts`: Host names answered to besides the address itself.
 * - `redis.url`: null means a private server that the hub starts. `database.url`: null means SQLite in `data`.
 * - `sync.everyMs`: 100 to 86,400,000 milliseconds.
 * - `apiToken`: null means that the hub makes one at its first start.
 */
export interface Settings extends Omit<Written, "data" | "zone" | "inbox"> {
  /** Absolute path of the store's folder. */
  readonly data: string;
  /** IANA name of the zone in which meters' clocks run, unless a patient has another. */
  readonly zone: string;
  /** Absolute path of the folder watched for exports; null: none is watched. */
  readonly inbox: string | null;
}

/** Where each setting came from, for people, by its dotted name: `default`, `GLUCOHUB_HTTP_PORT`, `/etc/x.yaml:12`. */
export type Origins = Readonly<Record<string, string>>;

/** Settings, and where each came from. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly origins: Origins;
}
