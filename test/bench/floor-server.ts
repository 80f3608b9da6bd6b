import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";

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
 * answer `{"ok":true}`. Checks nothing and keeps no former states. `port` 0 takes any that is free.
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
    readAll(request)
      .then((body) => {
        insertAll.immediate(JSON.parse(body).changes);
        response.setHeader("Content-Type", "application/json").end('{"ok":true}');
      })
      .catch(() => response.destroy());
  });
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
