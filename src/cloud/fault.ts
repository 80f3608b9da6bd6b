import type { FastifyInstance } from "fastify";

/**
 * What a test lets go wrong with one request: the connection is reset before anything was done (`reset`) or after the
 * request was carried out and before its answer (`reset-after-commit`), a captive portal's page comes instead (`html`),
 * or an answer of the test's own.
 */
export type Fault =
  | "reset"
  | "reset-after-commit"
  | "html"
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent as it is if it is text, else as JSON; nothing if left out. */
      readonly body?: string | object;
    };

/** Asked for each request before anything else is done with it; undefined lets it pass. May take its time. */
export type FaultHook = (request: {
  readonly method: string;
  readonly url: string;
}) => Fault | undefined | Promise<Fault | undefined>;

/** Lets the hook have its way with each request. */
export function injectFaults(app: FastifyInstance, hook: FaultHook): void {
  const doomed = new WeakSet<object>();
  app.addHook("onRequest", async (request, reply) => {
    const fault = await hook({ method: request.method, url: request.url });
    if (fault === undefined) return;
    if (fault === "reset") {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
      return;
    }
    if (fault === "reset-after-commit") {
      doomed.add(request);
      return;
    }
    if (fault === "html") {
      return reply.type("text/html").send("<!doctype html><title>Welcome</title><p>Log in to use this network.</p>");
    }
    return reply
      .code(fault.status)
      .headers({ ...fault.headers })
      .send(fault.body);
  });
  app.addHook("onSend", async (request, _reply, payload) => {
    if (doomed.has(request)) request.raw.socket.resetAndDestroy();
    return payload;
  });
}
