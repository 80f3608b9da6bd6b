import { z } from "zod";
import { Problem } from "../../domain/problem.js";
import type { CaptureUpload, Cloud, PushChange, PushResult, RemotePage } from "./cloud.js";

/** How long a call may take, beyond the wait that it asks for. */
const CALL_TIMEOUT_MS = 30_000;

const FIELDS = z.record(z.string(), z.unknown());
const REV = z.string().min(1);
const PUSH_ANSWER = z.object({
  results: z.array(
    z.discriminatedUnion("status", [
      z.object({ id: z.string(), status: z.literal("accepted"), rev: REV }),
      z.object({ id: z.string(), status: z.literal("conflict"), rev: REV, deleted: z.boolean(), fields: FIELDS }),
      z.object({ id: z.string(), status: z.literal("rejected"), code: z.string(), message: z.string() }),
    ]),
  ),
});
const CHANGES_ANSWER = z.object({
  changes: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      rev: REV,
      deleted: z.boolean(),
      fields: FIELDS,
      changedBy: z.string(),
      changedAt: z.string(),
    }),
  ),
  cursor: z.string().min(1),
  more: z.boolean(),
});
const DIGEST_ANSWER = z.object({ count: z.int().min(0), digest: z.string().regex(/^[0-9a-f]{16}$/) });

/** The native protocol over HTTP. */
export function nativeCloud(options: {
  readonly url: string;
  readonly token: string | null;
  readonly fetch?: typeof fetch;
}): Cloud {
  const send = options.fetch ?? fetch;
  const root = options.url.replace(/\/+$/, "");

  async function call(
    path: string,
    init: { method: string; body?: string; waitMs?: number },
    signal: AbortSignal,
  ): Promise<{ status: number; body: unknown }> {
    // An answer from a cache on the way would be an earlier state of the cloud's.
    const headers: Record<string, string> = { accept: "application/json", "cache-control": "no-cache" };
    if (options.token !== null) headers["authorization"] = `Bearer ${options.token}`;
    if (init.body !== undefined) headers["content-type"] = "application/json";
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS + (init.waitMs ?? 0));
    let status: number;
    let text: string;
    let retryAfter: string | null;
    try {
      const request: RequestInit = {
        method: init.method,
        headers,
        redirect: "error",
        signal: AbortSignal.any([signal, timeout]),
      };
      if (init.body !== undefined) request.body = init.body;
      const answer = await send(`${root}${path}`, request);
      status = answer.status;
      retryAfter = answer.headers.get("retry-after");
      text = await answer.text();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new Problem(
        "SYNC_UNREACHABLE",
        `The cloud at ${root} can't be reached (${reasonOf(error)}).`,
        {},
        { cause: error },
      );
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined;
    }
    if (status >= 200 && status < 300) {
      if (body === undefined && !(init.method === "PUT" && text.trim() === "")) throw badAnswer(root, status, text);
      return { status, body };
    }
    throw failure(root, status, body, text, retryAfter);
  }

  return {
    kind: "native",
    url: root,

    async push(hub, changes, signal) {
      const { body } = await call("/v1/push", { method: "POST", body: pushBody(hub, changes) }, signal);
      const answer = PUSH_ANSWER.safeParse(body);
      if (!answer.success) throw badAnswer(root, 200, answer.error.issues[0]?.message ?? "");
      const { results } = answer.data;
      if (results.length !== changes.length || results.some((result, index) => result.id !== changes[index]?.id)) {
        throw badAnswer(root, 200, "the results are not those of the changes sent");
      }
      return results satisfies readonly PushResult[];
    },

    async changes(cursor, limit, waitSeconds, signal): Promise<RemotePage> {
      const query = new URLSearchParams({ limit: String(limit) });
      if (cursor !== null) query.set("after", cursor);
      if (waitSeconds > 0) query.set("wait", String(waitSeconds));
      const { body } = await call(`/v1/changes?${query}`, { method: "GET", waitMs: waitSeconds * 1_000 }, signal);
      const answer = CHANGES_ANSWER.safeParse(body);
      if (!answer.success) throw badAnswer(root, 200, answer.error.issues[0]?.message ?? "");
      return answer.data;
    },

    async digest(signal) {
      try {
        const { body } = await call("/v1/digest", { method: "GET" }, signal);
        const answer = DIGEST_ANSWER.safeParse(body);
        if (!answer.success) throw badAnswer(root, 200, answer.error.issues[0]?.message ?? "");
        return answer.data;
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },

    async putCapture(hub, capture, signal) {
      try {
        await call(`/v1/captures/${capture.id}`, { method: "PUT", body: captureBody(hub, capture) }, signal);
        return true;
      } catch (error) {
        if (isAbsent(error)) return false;
        throw error;
      }
    },
  };
}

/** True if the cloud knows no such call: not every cloud has those that are optional. */
function isAbsent(error: unknown): boolean {
  return error instanceof Problem && (error.context["status"] === 404 || error.context["status"] === 501);
}

/** The fields go out as they stand in the store: no parsing, no second spelling. */
function pushBody(hub: string, changes: readonly PushChange[]): string {
  const parts = changes.map(
    (change) =>
      `{"id":"${change.id}","kind":"${change.kind}","base":${change.base === null ? "null" : JSON.stringify(change.base)},"deleted":${change.deleted},"fields":${change.fieldsText}}`,
  );
  return `{"hub":${JSON.stringify(hub)},"changes":[${parts.join(",")}]}`;
}

function captureBody(hub: string, capture: CaptureUpload): string {
  const { id: _id, bytes, ...rest } = capture;
  return JSON.stringify({ hub, ...rest, bytes: bytes === null ? null : Buffer.from(bytes).toString("base64") });
}

function badAnswer(root: string, status: number, text: string): Problem {
  const shown = text.replace(/\s+/g, " ").slice(0, 80);
  return new Problem(
    "SYNC_BAD_ANSWER",
    `The cloud at ${root} answered ${status} with something that is not of its protocol: "${shown}".`,
    { status },
  );
}

function failure(root: string, status: number, body: unknown, text: string, retryAfter: string | null): Problem {
  const said = z.object({ code: z.string(), message: z.string().optional() }).safeParse(body);
  const words = said.success
    ? `${said.data.code}${said.data.message === undefined ? "" : `: ${said.data.message}`}`
    : text.replace(/\s+/g, " ").slice(0, 80);
  const detail = `The cloud at ${root} answered ${status} (${words}).`;
  if (status === 401 || status === 403) return new Problem("SYNC_UNAUTHORIZED", detail, { status });
  if (status === 410 && said.success && said.data.code === "cursor_expired")
    return new Problem("SYNC_CURSOR_LOST", detail, { status });
  if (status === 413) return new Problem("SYNC_TOO_LARGE", detail, { status });
  if (status === 400 && said.success) return new Problem("SYNC_MALFORMED", detail, { status });
  if (status === 429 || status >= 500) {
    const seconds = Number(retryAfter ?? Number.NaN);
    const wait = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: Math.min(seconds, 3_600) * 1_000 } : {};
    return new Problem("SYNC_UNREACHABLE", detail, { status, ...wait });
  }
  return new Problem("SYNC_BAD_ANSWER", detail, { status });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return String(cause);
}
