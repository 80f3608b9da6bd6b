import { STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { parse } from "node:querystring";
import swagger from "@fastify/swagger";
import Fastify, { type FastifyRequest } from "fastify";
import { jsonSchemaTransform, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Log } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { App } from "./app.js";
import { authorize } from "./auth.js";
import { eventRoutes, type StreamTuning } from "./event-routes.js";
import { hostCheck } from "./host-check.js";
import { hubRoutes } from "./hub-routes.js";
import { importRoutes } from "./import-routes.js";
import { parseJson } from "./json-body.js";
import { openRoutes } from "./open-routes.js";
import { pageRoutes } from "./page-routes.js";
import { pairingRoutes } from "./pairing-routes.js";
import type { HubPorts } from "./ports.js";
import { PROBLEM_TYPE, problemBody, sendProblem } from "./problem-answer.js";
import { recordRoutes } from "./record-routes.js";
import { requestProblem } from "./request-problem.js";
import { statisticsRoutes } from "./statistics-routes.js";
import { twinRoutes } from "./twin-routes.js";

/** Largest JSON body, bytes: far above any record. */
const JSON_LIMIT_BYTES = 1_048_576;
/** How long calls under way may take when the server closes, milliseconds; then they are cut. */
const CLOSE_MS = 2_000;

/** What the HTTP interface is started with. */
export interface ApiOptions {
  readonly ports: HubPorts;
  /** `hosts`: names besides its own to which it answers. */
  readonly settings: { readonly host: string; readonly port: number; readonly hosts: readonly string[] };
  /** A token fixed from outside; null: only those in the store. */
  readonly apiToken: string | null;
  readonly log: Log;
  /** Measures of the event streams, for tests. */
  readonly tuning?: StreamTuning;
}

/** The running interface. */
export interface Api {
  /** Where a browser on this machine reaches it, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Stops taking calls, lets those under way end, and closes every stream. */
  close(): Promise<void>;
}

/**
 * Starts the HTTP interface. Throws HUB_PORT_TAKEN if another program listens there, SETTINGS_INVALID if the address
 * can't be listened on.
 */
export async function startApi({ ports, settings, apiToken, log, tuning = {} }: ApiOptions): Promise<Api> {
  const app: App = Fastify({
    bodyLimit: JSON_LIMIT_BYTES,
    forceCloseConnections: "idle",
    routerOptions: { querystringParser: withoutEmpty },
    frameworkErrors: (error, _request, reply) => sendProblem(reply, requestProblem(error)),
    clientErrorHandler: refuseMalformed,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_request: FastifyRequest, body: Buffer) =>
    parseJson(body),
  );
  app.setErrorHandler((error, request, reply) => {
    const problem = requestProblem(error);
    const facts = { code: problem.code, method: request.method, route: request.routeOptions.url ?? null };
    if (problem.code === "INTERNAL" || problem.code.startsWith("STORE_"))
      log.error({ ...facts, error: problem.message }, "a call failed");
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    return sendProblem(reply, new Problem("ROUTE_NOT_FOUND", `There is no call ${request.method} ${path}.`));
  });

  const answersTo = hostCheck(settings.host, settings.hosts);
  app.decorateRequest("by", "");
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    const { host } = request.headers;
    if (!answersTo(host)) throw new Problem("HOST_REFUSED", `The hub does not answer to the host "${host ?? ""}".`);
    // The route's own path where there is one: a path may be spelled in many ways.
    if (/^\/(api|metrics)(?=[/?]|$)/.test(request.routeOptions.url ?? request.url))
      request.by = await authorize(ports.store, apiToken, request.headers.authorization);
  });

  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Glucohub", version: "1", description: "Records of glucose meters and health exports." },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  });
  let endStreams = (): void => {};
  await app.register(
    async (api: App) => {
      recordRoutes(api, ports);
      hubRoutes(api, ports);
      pairingRoutes(api, ports);
      importRoutes(api, ports);
      twinRoutes(api, ports);
      statisticsRoutes(api, ports);
      endStreams = eventRoutes(api, {
        ports,
        log,
        tuning,
        allowed: (header) =>
          authorize(ports.store, apiToken, header).then(
            () => true,
            (error) => {
              if (error instanceof Problem && error.code === "TOKEN_INVALID") return false;
              throw error;
            },
          ),
      });
    },
    { prefix: "/api/v1" },
  );
  await app.register(async (open: App) => {
    openRoutes(open, ports, log);
    await pageRoutes(open, log);
  });

  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    await app.close();
    throw listenProblem(error, settings);
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${shownHost(settings.host)}:${port}`,
    port,
    async close() {
      const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
      endStreams();
      await app.close();
      clearTimeout(cut);
    },
  };
}

/** An empty parameter is one that was not given. */
function withoutEmpty(text: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parse(text)).filter(([, value]) => value !== ""));
}

/** Answers bytes that are no HTTP request, or too large a head, before any route is known. */
function refuseMalformed(error: { readonly code: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problemBody(new Problem("REQUEST_INVALID", "This is no HTTP request.")));
  const head = [
    `HTTP/1.1 400 ${STATUS_CODES[400]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function listenProblem(error: unknown, { host, port }: ApiOptions["settings"]): Problem {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE")
    return new Problem("HUB_PORT_TAKEN", `Another program listens on ${host}, port ${port}.`, {}, { cause: error });
  const why = error instanceof Error ? error.message : String(error);
  return new Problem("SETTINGS_INVALID", `http: can't listen on ${host}, port ${port}: ${why}.`, {}, { cause: error });
}

/** A host as it stands in an address; this machine's own for one that means every address. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
