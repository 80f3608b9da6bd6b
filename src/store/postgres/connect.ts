import type { ClientConfig } from "pg";
import { ROLES } from "./roles.js";

/** The library, loaded only where a PostgreSQL address is set: a hub on SQLite never pays for it. */
export type Library = Awaited<ReturnType<typeof loadLibrary>>;

/** Loads the library. */
export async function loadLibrary() {
  return (await import("pg")).default;
}

/**
 * What a connection is for: to write in a role, only to read, to listen for others' commits, or to make and check the
 * tables as the user of the address.
 */
export type Purpose = "local" | "sync" | "reader" | "listener" | "owner";

/** How long to try to connect, milliseconds. */
export const CONNECT_MS = 5_000;
/**
 * How long a transaction waits for another hub's. Longer than a transaction may stand still: a hub that stops in the
 * middle of one keeps the others waiting, and no write of theirs fails.
 */
const LOCK_MS = 10_000;
/** After this the database itself ends a transaction whose hub says nothing, milliseconds. */
const STANDSTILL_MS = 5_000;
/** Longest statement, milliseconds; a migration or a check goes over every record in one. */
const STATEMENT_MS: Readonly<Record<Purpose, number>> = {
  local: 60_000,
  sync: 60_000,
  reader: 60_000,
  listener: 10_000,
  owner: 3_600_000,
};
/** How much later than the database the client gives up: then there is no answer because there is no network. */
const ANSWER_MS = 5_000;

/** Type of a 64-bit integer, by the catalogue pg_type. */
const INT8 = 20;

/** How to connect for a purpose. The address's own options stay in force unless they are one of ours. */
export function clientConfig(library: Library, url: string, purpose: Purpose): ClientConfig {
  const address = new URL(url);
  const given = address.searchParams.get("options") ?? "";
  // The library lets what stands in the address win over everything else.
  address.searchParams.delete("options");
  const settings: Readonly<Record<string, string | number>> = {
    client_encoding: "UTF8",
    synchronous_commit: "on",
    client_min_messages: "warning",
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: STANDSTILL_MS,
    statement_timeout: STATEMENT_MS[purpose],
    // The database notices a hub that is gone without a word within a minute.
    tcp_keepalives_idle: 30,
    tcp_keepalives_interval: 10,
    tcp_keepalives_count: 3,
    ...(purpose === "owner" ? {} : { search_path: "glucohub", role: purpose === "sync" ? ROLES.sync : ROLES.local }),
    ...(purpose === "reader" ? { default_transaction_read_only: "on" } : {}),
  };
  return {
    connectionString: address.href,
    options: [given, ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)].join(" ").trim(),
    application_name: `glucohub ${purpose}`,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS[purpose] + ANSWER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
    types: {
      // Counts, places and versions: whole numbers far below the largest that JavaScript keeps exact.
      getTypeParser: (oid: number, format?: "text" | "binary") =>
        oid === INT8 ? (text: string) => safeInteger(text) : library.types.getTypeParser(oid, format as "text"),
    },
  };
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large a number`);
  return value;
}

/** The address for people: without user and password. */
export function addressText(url: string): string {
  const { protocol, host, pathname, searchParams } = new URL(url);
  return `${protocol}//${host === "" ? (searchParams.get("host") ?? "") : host}${pathname}`;
}
