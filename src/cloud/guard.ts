import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "../domain/problem.js";

/** Who may do what, and under which host names the server answers. */
export interface GuardOptions {
  /** May do everything. */
  readonly token: string;
  /** May read and not write, if there is such a token. */
  readonly readToken?: string;
  /** The address listened on: with a loopback one, only requests to a loopback name are answered. */
  readonly host: string;
}

/** Names that mean this machine, as they stand in a Host header. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "::1"];

/** True for an address or name that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host.toLowerCase());
}

/**
 * Lets nobody in without the token: 401 without a known one, 403 for a writing call with the reading one. A person's
 * browser may send it as the password of HTTP Basic, which it asks for by itself on the editor's page. On loopback, a
 * request under a foreign host name is refused (421): that is a web page whose name was bent to this machine.
 */
export function guard(app: FastifyInstance, options: GuardOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    if (isLoopback(options.host) && !isLoopback(hostName(request))) throw new Problem("HOST_REFUSED");
    const token = tokenOf(request);
    const editor = !request.url.startsWith("/v1/");
    if (token !== null && equal(token, options.token)) {
      if (editor) refuseForeignPages(request);
      return;
    }
    if (token !== null && options.readToken !== undefined && equal(token, options.readToken)) {
      if (request.method === "GET" || request.method === "HEAD") return;
      return reply.code(403).send({ code: "forbidden", message: "this token may only read" });
    }
    reply.header("WWW-Authenticate", editor ? 'Basic realm="Glucohub cloud", charset="UTF-8"' : "Bearer");
    throw new Problem("TOKEN_INVALID", "the token is missing, unknown or expired");
  });
}

function hostName(request: FastifyRequest): string {
  return (request.headers.host ?? "").replace(/:\d+$/, "");
}

/** A browser that has the password sends it on any page's behalf; it also says on whose. */
function refuseForeignPages(request: FastifyRequest): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    throw new Problem("HOST_REFUSED", "another site's page may not edit records");
  }
}

function tokenOf(request: FastifyRequest): string | null {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() === "bearer") return value;
  if (request.url.startsWith("/v1/")) return null;
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

/** Compares without telling by its duration how much of the token was right. */
function equal(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(given), digest(expected));
}
