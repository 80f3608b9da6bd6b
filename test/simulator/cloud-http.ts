import type { Fields } from "./content.js";
import type { CloudState, ModelCloud, PushOutcome } from "./model-cloud.js";
import { Violation } from "./violation.js";

/** A request as it arrives at the cloud. */
export interface CloudRequest {
  /** Who asks. */
  readonly hub: string;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly body: string | null;
}

/** What goes back. */
export interface CloudAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** What this cloud takes. */
export interface CloudLimits {
  /** Most changes that it gives in one page, however many are asked for. */
  readonly page: number;
  /** Most changes that it takes in one push; 413 above. */
  readonly batch: number;
  /** It keeps captures; 404 else. */
  readonly captures: boolean;
  /** It tells the digest of all that it holds; 404 else. */
  readonly digest: boolean;
}

/** What happens while a push is carried out. */
export interface PushHooks {
  /** Before each change; false: the cloud breaks off here. */
  before(index: number, id: string): boolean;
}

/** A note with this in it is refused for good. */
export const POISON = "poison";
/** A note with this in it makes the cloud call the whole request malformed. */
export const MALFORMED = "malformed";

/** How many changes one push may carry (protocol). */
const MOST_CHANGES = 1_000;

interface WireChange {
  readonly id: string;
  readonly kind: string;
  readonly base: string | null;
  readonly deleted: boolean;
  readonly fields: Fields;
}

/**
 * Answers a push (protocol, `POST /v1/push`). Null where it broke off in the middle. Throws a Violation where the hub
 * asks for what the protocol does not allow.
 */
export function answerPush(
  cloud: ModelCloud,
  limits: CloudLimits,
  request: CloudRequest,
  hooks: PushHooks,
): CloudAnswer | null {
  const { hub, changes } = JSON.parse(request.body ?? "null") as { hub: string; changes: WireChange[] };
  checkPush(changes);
  if (changes.length > limits.batch) return failure(413, "too_large", `at most ${limits.batch} changes`);
  if (changes.some((change) => noteOf(change.fields).includes(MALFORMED)))
    return failure(400, "malformed", "a change can't be read");
  const results: object[] = [];
  for (const [index, change] of changes.entries()) {
    if (!hooks.before(index, change.id)) return null;
    if (noteOf(change.fields).includes(POISON)) {
      results.push({ id: change.id, status: "rejected", code: "invalid", message: "this note is poison" });
      continue;
    }
    results.push(resultOf(change.id, cloud.push(hub, change)));
  }
  return success({ results });
}

/** Answers a question for changes (protocol, `GET /v1/changes`); `twice` gives the first change two times. */
export function answerChanges(
  cloud: ModelCloud,
  limits: CloudLimits,
  request: CloudRequest,
  twice: boolean,
): CloudAnswer {
  const query = new URLSearchParams(request.path.split("?")[1] ?? "");
  const limit = Number(query.get("limit") ?? "500");
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw new Violation("PROTOCOL", `a limit of ${limit}`);
  const page = cloud.page(request.hub, query.get("after"), Math.min(limit, limits.page));
  if (page === null) return failure(410, "cursor_expired", "start again without a cursor");
  const changes = page.changes.map(wireState);
  const [first] = changes;
  if (twice && first !== undefined) changes.push(first);
  return success({ changes, cursor: page.cursor, more: page.more });
}

/** Answers a capture (protocol, `PUT /v1/captures/<id>`). */
export function answerCapture(cloud: ModelCloud, limits: CloudLimits, request: CloudRequest): CloudAnswer {
  if (!limits.captures) return failure(404, "not_found", "this cloud keeps no captures");
  const id = request.path.split("/").at(-1) ?? "";
  const stored = cloud.putCapture(id, request.body ?? "");
  return { status: stored ? 201 : 200, text: "{}", retryAfter: null };
}

/** Answers a question for the digest, which a cloud need not have. */
export function answerDigest(cloud: ModelCloud, limits: CloudLimits, request: CloudRequest): CloudAnswer {
  return limits.digest ? success(cloud.digest(request.hub)) : failure(404, "not_found", "this cloud tells no digest");
}

/** An answer that carries an error (protocol, "Errors"). */
export function failure(status: number, code: string, message: string, retryAfter: string | null = null): CloudAnswer {
  return { status, text: JSON.stringify({ code, message }), retryAfter };
}

/** How the cloud tells a state to a hub. */
export function wireState(state: CloudState): object {
  const { id, kind, rev, deleted, fields } = state;
  return { id, kind, rev, deleted, fields, changedBy: state.by, changedAt: state.at };
}

function success(body: object): CloudAnswer {
  return { status: 200, text: JSON.stringify(body), retryAfter: null };
}

function resultOf(id: string, outcome: PushOutcome): object {
  const { status, state } = outcome;
  if (status === "accepted") return { id, status, rev: state.rev };
  return { id, status, rev: state.rev, deleted: state.deleted, fields: state.fields };
}

function noteOf(fields: Fields): string {
  const { note } = fields;
  return typeof note === "string" ? note : "";
}

function checkPush(changes: readonly WireChange[]): void {
  if (!Array.isArray(changes) || changes.length === 0 || changes.length > MOST_CHANGES)
    throw new Violation("PROTOCOL", "a push without changes, or with too many");
  if (new Set(changes.map((change) => change.id)).size !== changes.length)
    throw new Violation("PROTOCOL", "one record stands twice in a push");
  for (const { base, deleted, fields } of changes) {
    if ((base !== null && typeof base !== "string") || typeof deleted !== "boolean" || typeof fields !== "object")
      throw new Violation("PROTOCOL", "a pushed change of the wrong shape");
    if ("version" in fields || "version_synced" in fields || "versionSynced" in fields)
      throw new Violation("PROTOCOL", "a version left the hub");
  }
}
