import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { EMPTY_FIELDS } from "../../src/domain/record.js";
import { systemClock } from "../../src/kit/system-clock.js";

/** A cloud for one test, and a way to talk to it that knows nothing of our own client. */
export interface ScratchCloud extends Cloud {
  readonly path: string;
  readonly token: string;
  /** A raw request with the token; a body that is not text or bytes is sent as JSON. */
  request(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Starts a cloud in a folder of its own, on a free port; `close` removes the folder too. */
export async function startScratchCloud(options: Partial<CloudOptions> = {}): Promise<ScratchCloud> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-cloud-"));
  const path = join(folder, "cloud.db");
  const token = options.token ?? "token-of-a-test";
  const cloud = await startCloud({
    path,
    host: "127.0.0.1",
    port: 0,
    token,
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  return {
    ...cloud,
    path: options.path ?? path,
    token,
    request: (method, url, body, headers = {}) =>
      fetch(cloud.url + url, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: plain(body) }),
      }),
    async close() {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function plain(body: unknown): string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
}

/** What an answer of the protocol may hold, read as a foreign client would. */
export interface ScratchAnswer {
  readonly results: readonly ScratchResult[];
  readonly changes: readonly { id: string; rev: string; fields: object; changedAt: string }[];
  readonly cursor: string;
  readonly more: boolean;
  readonly captures: readonly { id: string }[];
  readonly next: string;
}

/** What a push says of one change. */
export interface ScratchResult {
  readonly id: string;
  readonly status: string;
  readonly rev: string;
}

/** A meter's reading as it stands on the wire, with these fields changed. */
export function sampleFields(change: object = {}): Record<string, unknown> {
  const time = "2026-11-21T07:03:00.000Z";
  return { ...EMPTY_FIELDS, time, timeQuality: "device", source: "meter", value: 101, unit: "mg/dL", ...change };
}

/** A change to push, with these fields changed. */
export function sampleChange(id: string, base: string | null = null, content: object = {}, deleted = false) {
  return { id, kind: "glucose", base, deleted, fields: sampleFields(content) };
}
