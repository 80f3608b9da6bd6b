import { Agent, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { gunzipSync } from "node:zlib";

/** A request as it came, whole. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The cloud's answer, whole. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Headers that belong to one connection and not to the message (RFC 9110 section 7.6.1), and the length. */
const OF_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length", "te"]);

/** Reads a request to its end; null if the sender went away before. */
export async function receive(request: IncomingMessage): Promise<Received | null> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    return null;
  }
  const { method = "GET", url = "/", headers } = request;
  return { method, url, headers, body: Buffer.concat(parts) };
}

/** Sends requests on to the server at that port of this machine. */
export function forwarder(port: number): {
  /** Null where the server can't be reached, or where `signal` ended it. */
  forward(received: Received, signal?: AbortSignal): Promise<Answered | null>;
  /** Sends half of a body and breaks off. */
  forwardHalf(received: Received): Promise<void>;
  close(): void;
} {
  const agent = new Agent({ keepAlive: true });
  const open = (received: Received, signal?: AbortSignal) => {
    const { method, url, headers, body } = received;
    const kept = Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name));
    return send({
      host: "127.0.0.1",
      port,
      method,
      path: url,
      agent,
      headers: { ...Object.fromEntries(kept), host: `127.0.0.1:${port}`, "content-length": body.length },
      ...(signal === undefined ? {} : { signal }),
    });
  };
  return {
    forward: (received, signal) =>
      new Promise((resolve) => {
        const request = open(received, signal);
        request.once("error", () => resolve(null));
        request.once("response", (answer) => {
          const parts: Buffer[] = [];
          answer.on("data", (part: Buffer) => parts.push(part));
          answer.once("error", () => resolve(null));
          answer.once("end", () =>
            resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(parts) }),
          );
        });
        request.end(received.body);
      }),
    forwardHalf: (received) =>
      new Promise((resolve) => {
        const request = open(received);
        request.once("error", () => resolve());
        request.once("response", () => resolve());
        request.write(received.body.subarray(0, received.body.length / 2), () => {
          request.destroy();
          resolve();
        });
      }),
    close: () => agent.destroy(),
  };
}

/** Writes the head of an answer, its length included. */
export function writeHead(reply: ServerResponse, { status, headers, body }: Answered): void {
  const kept = Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name));
  reply.writeHead(status, { ...Object.fromEntries(kept), "content-length": body.length });
}

/** How many changes a push holds; 0 for what is none. */
export function changesIn({ headers, body }: Received): number {
  try {
    const text = headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    const { changes } = JSON.parse(text.toString("utf8")) as { changes: readonly unknown[] };
    return changes.length;
  } catch {
    return 0;
  }
}
