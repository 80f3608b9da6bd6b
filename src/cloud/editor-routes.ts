import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isUuid } from "../domain/identity.js";
import { Problem } from "../domain/problem.js";
import { EMPTY_FIELDS, FIELD_ORDER } from "../domain/record.js";
import { NAME } from "./check-push.js";
import type { CloudStore, Edit } from "./cloud-store.js";
import { editorPage } from "./editor-page.js";
import { MAX_PAGE, MAX_PUSH_BYTES, type RecordState } from "./protocol.js";
import { queryNumber, queryText } from "./query.js";
import { type Random, randomId } from "./random-name.js";
import { readBody } from "./read-body.js";

const EDITABLE: ReadonlySet<string> = new Set(FIELD_ORDER);
/** Who stands as editor where the request names nobody. */
const EDITOR = "editor";

/**
 * Lets a person change records on the cloud's side: a page, and the calls behind it.
 *
 * - `GET /editor/records?limit&after`: `{"records": […], "next"}`, by last change, newest first.
 * - `GET /editor/records/<id>`: the record and its `states`, oldest first.
 * - `POST /editor/records` `{"kind", "value", "unit", …}`: 201 and the record.
 * - `PATCH /editor/records/<id>` `{"note": …, "deleted": …}`: the record.
 * - `DELETE /editor/records/<id>`: the record, deleted.
 *
 * Edits may name `by` (in the body, for DELETE in the query), and in `If-Match` the rev that was seen: 412 if stale.
 */
export function addEditorRoutes(app: FastifyInstance, store: CloudStore, random: Random, now: () => number): void {
  // JSON only: a form on another site's page can't send that type without asking first.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_request: unknown, body: Buffer) => body);

  app.get("/", async (_request, reply) => {
    const nonce = randomBytes(16).toString("base64");
    const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'`;
    return reply
      .type("text/html; charset=utf-8")
      .header("Content-Security-Policy", `${policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
      .header("Cache-Control", "no-store")
      .send(editorPage(store.newest(null, 100).records, nonce));
  });

  app.get("/editor/records", async (request) => {
    const before = queryNumber(request.query, "after", { min: 0, max: 1e15, otherwise: -1, whole: true });
    const limit = queryNumber(request.query, "limit", { min: 1, max: MAX_PAGE, otherwise: 100, whole: true });
    return store.newest(before === -1 ? null : String(before), limit);
  });

  app.get<{ Params: { id: string } }>("/editor/records/:id", async (request) => {
    const record = store.record(request.params.id);
    if (record === null) throw new Problem("RECORD_NOT_FOUND");
    const states: readonly RecordState[] = store.states(record.id);
    return { ...record, states };
  });

  app.post("/editor/records", async (request, reply) => {
    const { id = randomId(random), kind, by = EDITOR, ...given } = await readObject(request);
    if (typeof id !== "string" || !isUuid(id)) throw new Problem("RECORD_INVALID", "id must be a UUID in lower case");
    checkNames(given);
    const time = new Date(now()).toISOString();
    const fields = { ...EMPTY_FIELDS, time, timeQuality: "exact", source: "manual", ...given };
    return reply.code(201).send(store.create(id, String(kind), fields, nameOf(by)));
  });

  app.patch<{ Params: { id: string } }>("/editor/records/:id", async (request) => {
    const { by = EDITOR, deleted, ...fields } = await readObject(request);
    checkNames(fields);
    if (deleted !== undefined && typeof deleted !== "boolean") {
      throw new Problem("RECORD_INVALID", "deleted must be true or false");
    }
    const edit: Edit = { fields, by: nameOf(by), ...(deleted === undefined ? {} : { deleted }), ...ifMatch(request) };
    return store.edit(request.params.id, edit);
  });

  app.delete<{ Params: { id: string } }>("/editor/records/:id", async (request) => {
    const by = nameOf(queryText(request.query, "by") ?? EDITOR);
    return store.edit(request.params.id, { by, deleted: true, ...ifMatch(request) });
  });
}

async function readObject(request: FastifyRequest): Promise<Record<string, unknown>> {
  const body = await readBody(request, MAX_PUSH_BYTES);
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new Problem("RECORD_INVALID", "the body must be an object");
}

function checkNames(fields: Record<string, unknown>): void {
  for (const name of Object.keys(fields)) {
    if (!EDITABLE.has(name)) throw new Problem("RECORD_INVALID", `a record has no field ${name} that could be edited`);
  }
}

function nameOf(by: unknown): string {
  const read = NAME.safeParse(by);
  if (!read.success) throw new Problem("RECORD_INVALID", "by must be a name");
  return read.data;
}

/** The rev of the If-Match header, with or without the quotes of an entity tag. */
function ifMatch(request: FastifyRequest): Pick<Edit, "ifRev"> {
  const tag = request.headers["if-match"];
  return tag === undefined || tag === "*" ? {} : { ifRev: tag.replace(/^"(.*)"$/, "$1") };
}
