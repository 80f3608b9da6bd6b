import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Moment } from "./cloud-messages.js";
import type { FaultKind, FaultPlan, RequestKind } from "./fault-plan.js";
import { type Answered, changesIn, forwarder, type Received, receive, writeHead } from "./forward.js";
import type { Random } from "./random.js";

/** What the proxy needs. */
export interface ProxyOptions {
  /** Port of the cloud behind it. */
  readonly target: number;
  readonly port: number;
  readonly plan: FaultPlan;
  readonly random: Random;
  /** Told of each fault that was injected. */
  onFault(kind: FaultKind): void;
  /** Asked at each moment of a request; while it waits, so does the request. True: a blow fell, nothing else goes wrong. */
  atMoment(moment: Moment): Promise<boolean>;
}

/** A proxy that runs. */
export interface FaultProxy {
  readonly port: number;
  /** Resolves when no request is late any more. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

const LATE_MS = 1_500;
const DRIP_PARTS = 12;
const DRIP_MS = 60;
const PORTAL = "<!doctype html><title>Welcome</title><p>Log in to use this network.</p>";
const GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

/** Stands between hubs and their cloud and lets requests go wrong as the plan says. */
export async function startFaultProxy(options: ProxyOptions): Promise<FaultProxy> {
  const { plan, random, onFault, atMoment } = options;
  const upstream = forwarder(options.target);
  const late = new Set<Promise<unknown>>();

  const later = (received: Received, ms: number): void => {
    const sent = pause(ms).then(() => upstream.forward(received));
    late.add(sent);
    void sent.finally(() => late.delete(sent));
  };

  async function serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const gone = new AbortController();
    reply.once("close", () => gone.abort());
    const received = await receive(request);
    if (received === null) return;
    const kind = kindOf(received);
    const at = async (place: "before" | "after" | "answering"): Promise<boolean> =>
      kind === "push" || kind === "pull" ? await atMoment(`${kind}-${place}`) : false;
    if (await at("before")) return relay(received, reply, gone.signal);

    const fault = plan.next(kind);
    if (fault === "too-large" && changesIn(received) <= plan.limit()) return relay(received, reply, gone.signal, at);
    if (fault !== null) onFault(fault);
    const instead = fault === null ? null : answerInstead(fault, random);
    if (instead !== null) return deliver(reply, instead);
    if (fault === "reset" || fault === "late") {
      if (fault === "late") later(received, random.int(LATE_MS));
      reply.socket?.resetAndDestroy();
      return;
    }
    if (fault === "cut-request") {
      await upstream.forwardHalf(received);
      reply.socket?.resetAndDestroy();
      return;
    }
    let answer = await upstream.forward(received, kind === "poll" ? gone.signal : undefined);
    if (fault === "twice" && answer !== null) {
      const second = random.chance(0.5) ? await upstream.forward(received) : null;
      if (second === null) later(received, random.int(LATE_MS));
      else answer = second;
    }
    await finish(reply, answer, fault, at);
  }

  async function relay(
    received: Received,
    reply: ServerResponse,
    signal: AbortSignal,
    at: (place: "after" | "answering") => Promise<boolean> = async () => false,
  ): Promise<void> {
    await finish(reply, await upstream.forward(received, kindOf(received) === "poll" ? signal : undefined), null, at);
  }

  async function finish(
    reply: ServerResponse,
    answer: Answered | null,
    fault: FaultKind | null,
    at: (place: "after" | "answering") => Promise<boolean>,
  ): Promise<void> {
    if (answer === null || fault === "reset-after") {
      reply.socket?.resetAndDestroy();
      return;
    }
    await at("after");
    if (fault === "html-after") return deliver(reply, page(502, GATEWAY));
    if (fault === "truncated") return deliver(reply, { ...answer, body: half(answer.body) });
    writeHead(reply, answer);
    if (fault === "drip") return drip(reply, answer.body);
    reply.write(half(answer.body));
    if (fault === "cut-answer") {
      reply.socket?.resetAndDestroy();
      return;
    }
    await at("answering");
    reply.end(answer.body.subarray(half(answer.body).length));
  }

  const server = createServer((request, reply) => {
    reply.on("error", () => undefined);
    serve(request, reply).catch(() => reply.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    calm: async () => {
      while (late.size > 0) await Promise.allSettled(late);
    },
    close: async () => {
      upstream.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function kindOf({ method, url }: Received): RequestKind {
  if (method === "POST" && url.startsWith("/v1/push")) return "push";
  if (method === "GET" && url.startsWith("/v1/changes")) return /[?&]wait=/.test(url) ? "poll" : "pull";
  return url.startsWith("/v1/captures") ? "capture" : "other";
}

/** What comes in the cloud's stead, if the fault is such. */
function answerInstead(fault: FaultKind, random: Random): Answered | null {
  const retry = { "retry-after": "1" };
  if (fault === "html") return page(200, PORTAL);
  if (fault === "nonsense") return json(200, random.pick([{}, { results: [] }, { changes: [], cursor: 7 }, []]));
  if (fault === "unauthorized") return json(401, { code: "unauthorized", message: "the token has expired" });
  if (fault === "too-large") return json(413, { code: "too_large", message: "smaller batches, please" });
  if (fault === "slow-down") return json(429, { code: "slow_down", message: "too many requests" }, retry);
  if (fault === "busy") return json(503, { code: "busy", message: "later" }, random.chance(0.5) ? retry : {});
  if (fault === "cursor-lost") return json(410, { code: "cursor_expired", message: "start again without a cursor" });
  return null;
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answered {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

function page(status: number, text: string): Answered {
  return { status, headers: { "content-type": "text/html" }, body: Buffer.from(text) };
}

function deliver(reply: ServerResponse, answer: Answered): void {
  writeHead(reply, answer);
  reply.end(answer.body);
}

function half(body: Buffer): Buffer {
  return body.subarray(0, Math.floor(body.length / 2));
}

async function drip(reply: ServerResponse, body: Buffer): Promise<void> {
  const size = Math.ceil(body.length / DRIP_PARTS);
  for (let from = 0; from < body.length && !reply.destroyed; from += size) {
    reply.write(body.subarray(from, from + size));
    await pause(DRIP_MS);
  }
  reply.end();
}
