import { randomUUID } from "node:crypto";
import { derivedId } from "../domain/identity.js";
import { manualFields } from "../domain/manual.js";
import { Problem } from "../domain/problem.js";
import { fieldsText, type Kind, type RecordFields } from "../domain/record.js";
import { historyOf, listRecords, outerState } from "../store/queries.js";
import {
  type Author,
  addRecord,
  editRecord,
  getRecord,
  removeRecord,
  restoreRecord,
  type StoredRecord,
} from "../store/records.js";
import { type App, answers, docs } from "./app.js";
import type { HubPorts } from "./ports.js";
import { namesState, quoted, requiredState } from "./preconditions.js";
import {
  historyAnswer,
  idParams,
  listAnswer,
  listQuery,
  newRecordBody,
  nothing,
  patchBody,
  recordSchema,
  restoreBody,
} from "./schemas.js";

/** Every call under `/records`. A change is answered when it is durable, and rings the sync worker. */
export function recordRoutes(app: App, ports: HubPorts): void {
  const { store } = ports;
  const author = (by: string, why: string): Author => ({ by, why, at: new Date(ports.now()).toISOString() });

  app.get(
    "/records",
    {
      schema: {
        ...docs({ summary: "Lists records, newest first", tag: "records" }),
        querystring: listQuery,
        response: answers(200, listAnswer),
      },
    },
    ({ query: { deleted, ...query } }) => listRecords(store, { ...query, deleted: deleted === "true" }),
  );

  app.post(
    "/records",
    {
      schema: {
        ...docs({ summary: "Keeps a value that a person typed; durable when answered", tag: "records" }),
        body: newRecordBody,
        response: answers(201, recordSchema),
      },
    },
    async (request, reply) => {
      const { kind, ...given } = request.body;
      const key = request.headers["idempotency-key"];
      const id = key === undefined ? randomUUID() : derivedId("idempotency-key", request.by, String(key));
      const fresh = manualFields(id, kind, given, ports.now());
      const stored = await addRecord(store, { id, ...fresh, raw: null }, author(request.by, "typed in"));
      if (key !== undefined) await requireSameRequest(ports, id, fresh, given["time"] !== undefined);
      ports.ringSync("edit");
      return reply
        .code(201)
        .header("location", `/api/v1/records/${id}`)
        .header("etag", quoted(stored.etag))
        .send(stored.record);
    },
  );

  app.get(
    "/records/:id",
    {
      schema: {
        ...docs({ summary: "One record, with its ETag", tag: "records" }),
        params: idParams,
        response: answers(200, recordSchema),
      },
    },
    async (request, reply) => {
      const { record, etag } = await getRecord(store, request.params.id);
      reply.header("etag", quoted(etag));
      return namesState(request.headers["if-none-match"], etag) ? reply.code(304).send() : reply.send(record);
    },
  );

  app.patch(
    "/records/:id",
    {
      schema: {
        ...docs({ summary: "Edits fields; If-Match is honoured", tag: "records" }),
        params: idParams,
        body: patchBody,
        response: answers(200, recordSchema),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const etag = await requiredState(store, id, request.headers["if-match"]);
      const stored = await editRecord(store, id, request.body, author(request.by, "edited"), etag);
      return changed(stored, reply);
    },
  );

  app.delete(
    "/records/:id",
    {
      schema: {
        ...docs({ summary: "Removes a record; a tombstone remains. If-Match is honoured", tag: "records" }),
        params: idParams,
        response: answers(204, nothing),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const etag = await requiredState(store, id, request.headers["if-match"]);
      await removeRecord(store, id, author(request.by, "removed"), etag);
      ports.ringSync("edit");
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/records/:id/restore",
    {
      schema: {
        ...docs({ summary: "Brings back an earlier state", tag: "records" }),
        params: idParams,
        body: restoreBody,
        response: answers(200, recordSchema),
      },
    },
    async (request, reply) => {
      const state = request.body?.state ?? null;
      const why = state === null ? "restored" : `restored state ${state}`;
      return changed(await restoreRecord(store, request.params.id, state, author(request.by, why)), reply);
    },
  );

  app.get(
    "/records/:id/history",
    {
      schema: {
        ...docs({ summary: "Every state that the record had, oldest first", tag: "records" }),
        params: idParams,
        response: answers(200, historyAnswer),
      },
    },
    async ({ params: { id } }) => ({ states: (await historyOf(store, id)).states.map(outerState) }),
  );

  function changed({ record, etag }: StoredRecord, reply: { header(name: string, value: string): unknown }) {
    ports.ringSync("edit");
    reply.header("etag", quoted(etag));
    return record;
  }
}

/**
 * A request that is repeated with its key is answered with the record that it made. Another request under the same key
 * would be lost unseen, so it is refused.
 */
async function requireSameRequest(
  { store }: HubPorts,
  id: string,
  asked: { kind: Kind; fields: RecordFields },
  timed: boolean,
): Promise<void> {
  const first = (await historyOf(store, id)).states[0]?.fields;
  const { record } = await getRecord(store, id);
  const same = first !== undefined && fieldsText({ ...asked.fields, ...(timed ? {} : { time: first.time }) });
  if (record.kind !== asked.kind || same !== fieldsText(first as RecordFields))
    throw new Problem("REQUEST_INVALID", "This Idempotency-Key was used for another record; use a new one for each.");
}
