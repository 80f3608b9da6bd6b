import type { AddressInfo } from "node:net";
import fastify from "fastify";
import type { Clock, Log } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { CloudStore } from "./cloud-store.js";
import { addEditorRoutes } from "./editor-routes.js";
import { type FaultHook, injectFaults } from "./fault.js";
import { guard } from "./guard.js";
import { openLongPoll } from "./long-poll.js";
import { MAX_CAPTURE_BYTES } from "./protocol.js";
import { type Random, systemRandom } from "./random-name.js";
import { addSyncRoutes } from "./sync-routes.js";
import { answerErrors, wireError } from "./wire-error.js";

const NOT_HTTP =
  "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" +
  '{"code":"malformed","message":"the request is not HTTP"}';

/** How the reference cloud is to run. */
export interface CloudOptions {
  /** The SQLite file, made if there is none. */
  readonly path: string;
  /** Address to listen on, `127.0.0.1` for this machine only. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** What hubs send as bearer token, and people as password to the editor. Not empty. */
  readonly token: string;
  /** A second token that may read and not write. */
  readonly readToken?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  /** Lets requests go wrong, for tests. */
  readonly fault?: FaultHook;
}

/** A reference cloud that runs. */
export interface Cloud {
  /** Without a slash at the end: `http://127.0.0.1:8089`. */
  readonly url: string;
  readonly port: number;
  /** The records behind it. */
  readonly store: CloudStore;
  /** How many requests wait for a change now. */
  readonly waiting: () => number;
  /** Answers what waits, ends all connections and closes the file. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts the reference cloud: the native protocol under `/v1/`, and an editor of records for people under `/`. Throws
 * SETTINGS_INVALID for an empty token, HUB_PORT_TAKEN, STORE_UNUSABLE, STORE_NEWER.
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { host, clock, log, random = systemRandom } = options;
  if (options.token === "" || options.readToken === "") {
    throw new Problem("SETTINGS_INVALID", "the cloud's token is empty");
  }
  const store = new CloudStore({ path: options.path, clock, random });
  const polls = openLongPoll(clock, (listener) => store.onCommit(listener));
  const app = fastify({
    bodyLimit: 2 * MAX_CAPTURE_BYTES,
    // These two come before any route: the framework would answer in its own shape.
    frameworkErrors: (error, _request, reply) => {
      const { status, body } = wireError(error);
      reply.raw.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(NOT_HTTP);
    },
    forceCloseConnections: true,
  });
  answerErrors(app, log);
  if (options.fault !== undefined) injectFaults(app, options.fault);
  guard(app, options);
  app.register(async (scope) => addSyncRoutes(scope, store, polls, () => clock.now()));
  app.register(async (scope) => addEditorRoutes(scope, store, random, () => clock.now()));
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    polls.end();
    await app.close();
    store.close();
  };
  try {
    await app.listen({ host, port: options.port });
  } catch (cause) {
    await close();
    throw new Problem("HUB_PORT_TAKEN", `the cloud can't listen on ${host}:${options.port}`, {}, { cause });
  }
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  log.info({ url }, "the reference cloud listens");
  return {
    url,
    port,
    store,
    waiting: () => polls.waiting,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
