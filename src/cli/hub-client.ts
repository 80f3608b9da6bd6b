import { existsSync } from "node:fs";
import { join } from "node:path";
import { Problem, type ProblemCode } from "../domain/problem.js";
import { PROBLEMS } from "../domain/problem.table.js";
import { readAddress, readLocalToken } from "../hub/local-access.js";
import type { Settings } from "../settings/settings.js";
import { hubIsRunning } from "../store/lock.js";

/** How long the hub may take to answer, milliseconds. */
const ANSWER_MS = 5_000;

/** A hub that runs on the data folder, or not; `client` is null while one runs that can't be talked to (as yet). */
export type FoundHub = { readonly running: false } | { readonly running: true; readonly client: HubClient | null };

/** Talks to a running hub over HTTP. */
export interface HubClient {
  readonly url: string;
  readonly pid: number;
  /** What is degraded, a word each. */
  readonly degraded: readonly string[];
  /** Throws the problem that the hub answers with, TOKEN_INVALID without a token, INTERNAL if it does not answer. */
  get<T>(path: string): Promise<T>;
  /** `body` is sent as JSON. */
  post<T>(path: string, body?: unknown): Promise<T>;
  delete(path: string): Promise<void>;
}

/** Looks whether a hub runs on the settings' data folder, at the address that it left there. */
export async function findHub(settings: Settings): Promise<FoundHub> {
  const { data } = settings;
  const address = readAddress(data);
  if (address !== null) {
    const health = await ask(`${address.url}/healthz`, "GET", null).catch(() => null);
    if (health !== null) return { running: true, client: clientOf(address, settings, await degradedOf(health)) };
  }
  // Asked last and only where a hub ever ran: asking takes the hub's lock for an instant.
  const running = existsSync(join(data, "hub.lock")) && hubIsRunning(data);
  return running ? { running, client: null } : { running };
}

function clientOf(
  { url, pid }: { readonly url: string; readonly pid: number },
  { apiToken, data }: Settings,
  degraded: readonly string[],
): HubClient {
  const token = apiToken ?? readLocalToken(data);
  const call = async <T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> => {
    if (token === null) throw new Problem("TOKEN_INVALID", "There is no token for the hub: set GLUCOHUB_API_TOKEN.");
    const answer = await ask(`${url}${path}`, method, token, body);
    const said: unknown = await answer.json().catch(() => null);
    if (answer.ok) return said as T;
    throw problemOf(answer.status, said);
  };
  return {
    url,
    pid,
    degraded,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    delete: (path) => call("DELETE", path),
  };
}

async function ask(url: string, method: string, token: string | null, body?: unknown): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (cause) {
    throw new Problem("INTERNAL", `The hub at ${new URL(url).origin} does not answer.`, {}, { cause });
  }
}

async function degradedOf(answer: Response): Promise<readonly string[]> {
  const body: unknown = await answer.json().catch(() => null);
  const list = typeof body === "object" && body !== null && "degraded" in body ? body.degraded : [];
  return Array.isArray(list) ? list.map(String) : [];
}

function problemOf(status: number, body: unknown): Problem {
  const { code, detail } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const said = typeof detail === "string" ? detail : `The hub answered with status ${status}.`;
  const known = typeof code === "string" && Object.hasOwn(PROBLEMS, code);
  return new Problem(known ? (code as ProblemCode) : "INTERNAL", said);
}
