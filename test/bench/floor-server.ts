import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";

/** Longer than any client is busy with itself: a connection closed meanwhile looks like a request that failed. */
const KEEP_ALIVE_MS = 600_000;

/** One change as the floor reads it: trusted, not checked. */
interface FloorChange {
  readonly id: string;
  readonly kind: string;
  readonly deleted: boolean;
  readonly fields: object;
}

/**
 * The least that a server can do with a push, for the benchmarks to compare with: parse the body, insert each change
 * by one prepared statement in one transaction a request, as durably as the reference cloud (WAL, synchronous FULL),
 * answer `{"ok":true}`. Checks nothing and keeps no former states. To the sync engine it is a cloud of the native
 * protocol that accepts everything and never has anything new. `port` 0 takes any that is free.
 */
export async function startFloorServer(options: {
  readonly path: string;
  readonly port: number;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const db = new Database(options.path);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("create table if not exists records (id text primary key, kind text, deleted integer, fields text)");
  const insert = db.prepare<[string, string, number, string]>("insert or replace into records values (?, ?, ?, ?)");
  const insertAll = db.transaction((changes: readonly FloorChange[]) => {
    for (const { id, kind, deleted, fields } of changes) insert.run(id, kind, deleted ? 1 : 0, JSON.stringify(fields));
  });
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    if (request.method === "GET") {
      response.statusCode = request.url?.startsWith("/v1/changes") ? 200 : 404;
      response.end('{"changes":[],"cursor":"0","more":false}');
      return;
    }
    readAll(request)
      .then((body) => {
        const { changes } = JSON.parse(body) as { changes: readonly FloorChange[] };
        insertAll.immediate(changes);
        response.end(request.url === "/v1/push" ? accepted(changes) : '{"ok":true}');
      })
      .catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve) => server.listen(options.port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          db.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function accepted(changes: readonly FloorChange[]): string {
  return `{"results":[${changes.map(({ id }) => `{"id":"${id}","status":"accepted","rev":"1"}`).join(",")}]}`;
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const [, script, path, port = "0"] = process.argv;
if (script !== undefined && path !== undefined && import.meta.url === pathToFileURL(script).href) {
  const floor = await startFloorServer({ path, port: Number(port) });
  process.stdout.write(`${floor.port}\n`);
}
