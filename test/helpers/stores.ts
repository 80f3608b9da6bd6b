import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, inject, vi } from "vitest";
import type { StoreAddress } from "../../src/store/address.js";
import { connect } from "../../src/store/connection.js";
import { Store } from "../../src/store/store.js";
import { type PostgresServer, postgresPrograms, startPostgres } from "./postgres-server.js";

/** Raw SQL in one of the store's roles: what a defect in our own code could send. */
export interface RoleConnection {
  run(sql: string): Promise<Record<string, unknown>[]>;
  setFence(fence: number): Promise<void>;
  close(): Promise<void>;
}

/** A place for one test's store, empty at first. */
export interface StorePlace {
  readonly folder: string;
  readonly address: StoreAddress;
  open(role: "local" | "sync", hubId?: string): Promise<Store>;
  /** What another program says, one that knows nothing of our code: sqlite3 or psql. Rows are lines, columns `|`. */
  witness(sql: string): string;
  connection(role: "local" | "sync"): Promise<RoleConnection>;
  remove(): Promise<void>;
}

/** A kind of store that the suites run on; where it can't be had here its tests are skipped. */
export interface StoreKind {
  readonly name: "SQLite" | "PostgreSQL";
  readonly available: boolean;
  place(): Promise<StorePlace>;
  /** The server under a PostgreSQL store, started at the first call. */
  server(): Promise<PostgresServer>;
}

declare module "vitest" {
  interface ProvidedContext {
    /** The kind of store on which a suite runs that can run on either; by default SQLite. */
    store?: StoreKind["name"];
  }
}

/** The kind of store on which this run of a suite is to run (see the projects in config/vitest.config.ts). */
export function suiteKind(): StoreKind {
  return inject("store") === "PostgreSQL" ? postgresKind() : sqliteKind();
}

/** The kinds of store for the tests of one file; a server that they need ends with the file. */
export function storeKinds(): readonly [StoreKind, StoreKind] {
  return [sqliteKind(), postgresKind()];
}

function sqliteKind(): StoreKind {
  return {
    name: "SQLite",
    available: true,
    server: () => Promise.reject(new Error("SQLite has no server")),
    async place() {
      const folder = newFolder();
      const address = { path: join(folder, "glucohub.db"), url: null };
      return {
        ...common(folder, address),
        witness: (sql) => execFileSync("sqlite3", [address.path, sql], { encoding: "utf8", stdio: "pipe" }).trim(),
        connection: async (role) => {
          const { raw, setFence, close } = connect(address.path, role);
          return {
            run: async (sql) => {
              if (/^\s*select/i.test(sql)) return raw.prepare(sql).all() as Record<string, unknown>[];
              raw.exec(sql);
              return [];
            },
            setFence: async (fence) => setFence(fence),
            close,
          };
        },
      };
    },
  };
}

function postgresKind(): StoreKind {
  const programs = postgresPrograms();
  // A server starts, and every commit goes to it: on a machine that has other things to do that takes its time.
  if (programs !== null) vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
  let running: Promise<PostgresServer> | null = null;
  const server = (): Promise<PostgresServer> => {
    if (programs === null) return Promise.reject(new Error("there is no PostgreSQL on this machine"));
    running ??= startPostgres(programs);
    return running;
  };
  afterAll(async () => {
    await (await running)?.dispose();
  });
  return {
    name: "PostgreSQL",
    available: programs !== null,
    server,
    async place() {
      const own = await server();
      const url = own.database();
      const folder = newFolder();
      return {
        ...common(folder, { path: join(folder, "glucohub.db"), url }),
        witness: (sql) => own.psql(url, `SET search_path TO glucohub; ${sql}`),
        connection: (role) => roleConnection(url, role),
        remove: async () => {
          rmSync(folder, { recursive: true, force: true });
          own.takeBack(url);
        },
      };
    },
  };
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "glucohub-store-"));
}

function common(folder: string, address: StoreAddress): Pick<StorePlace, "folder" | "address" | "open" | "remove"> {
  return {
    folder,
    address,
    open: (role, hubId) => Store.open({ ...address, role, hubId: hubId ?? null }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function roleConnection(url: string, role: "local" | "sync"): Promise<RoleConnection> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`SET search_path TO glucohub; SET ROLE glucohub_${role}`);
  return {
    run: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    setFence: async (fence) => {
      await client.query(`SET glucohub.fence = '${fence}'`);
    },
    close: () => client.end(),
  };
}
