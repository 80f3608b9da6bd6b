import type { FastifyInstance } from "fastify";
import { isUuid } from "../domain/identity.js";
import { Problem } from "../domain/problem.js";
import { checkCapture } from "./check-capture.js";
import { checkPush } from "./check-push.js";
import type { CloudStore, RowsPage } from "./cloud-store.js";
import type { LongPoll } from "./long-poll.js";
import { DEFAULT_PAGE, MAX_CAPTURE_BYTES, MAX_PAGE, MAX_PUSH_BYTES, MAX_WAIT_SECONDS } from "./protocol.js";
import { queryNumber, queryText } from "./query.js";
import { readBody } from "./read-body.js";
import type { RecordRow } from "./statements.js";

const JSON_TYPE = "application/json; charset=utf-8";

/** The protocol's three calls, the digest that it allows for, and two that show people what captures are kept. */
export function addSyncRoutes(app: FastifyInstance, store: CloudStore, polls: LongPoll, now: () => number): void {
  // A hub's body is JSON whatever its header says: the calls need a token, so no web page can forge one.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, async (_request: unknown, body: Buffer) => body);

  app.post("/v1/push", async (request, reply) => {
    const { hub, changes } = checkPush(await readBody(request, MAX_PUSH_BYTES));
    return reply.type(JSON_TYPE).send(JSON.stringify({ results: store.push(changes, hub) }));
  });

  app.get("/v1/changes", async (request, reply) => {
    const after = queryText(request.query, "after");
    const limit = queryNumber(request.query, "limit", { min: 1, max: MAX_PAGE, otherwise: DEFAULT_PAGE, whole: true });
    const wait = queryNumber(request.query, "wait", { min: 0, max: MAX_WAIT_SECONDS, otherwise: 0, whole: false });
    const until = now() + wait * 1000;
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    let page = store.rowsAfter(after, limit);
    while (page.rows.length === 0 && now() < until && !gone.signal.aborted && !polls.ended) {
      await polls.wait(until - now(), gone.signal);
      page = store.rowsAfter(after, limit);
    }
    return reply.type(JSON_TYPE).send(pageText(page));
  });

  app.get("/v1/digest", async () => store.digest());

  app.put<{ Params: { id: string } }>("/v1/captures/:id", async (request, reply) => {
    const { id } = request.params;
    if (!isUuid(id)) throw new Problem("SYNC_MALFORMED", "a capture's id must be a UUID in lower case");
    const outcome = store.captures.put(id, checkCapture(await readBody(request, MAX_CAPTURE_BYTES)));
    return reply.code(outcome === "stored" ? 201 : 200).send({ id, status: outcome });
  });

  app.get("/v1/captures", async (request) => {
    const before = queryNumber(request.query, "after", { min: 0, max: 1e15, otherwise: -1, whole: true });
    const limit = queryNumber(request.query, "limit", { min: 1, max: MAX_PAGE, otherwise: 100, whole: true });
    return store.captures.list(before === -1 ? null : String(before), limit);
  });

  app.get<{ Params: { id: string } }>("/v1/captures/:id/bytes", async (request, reply) => {
    const bytes = store.captures.bytes(request.params.id);
    if (bytes === null) throw new Problem("CAPTURE_NOT_FOUND", "this capture came without its bytes");
    return reply.type("application/gzip").send(bytes);
  });
}

/** The page as JSON; the fields stand in the store as JSON already and go out as they are. */
function pageText({ rows, cursor, more }: RowsPage): string {
  return `{"changes":[${rows.map(changeText).join(",")}],"cursor":${JSON.stringify(cursor)},"more":${more}}`;
}

function changeText({ id, kind, rev, deleted, fields, by, at }: RecordRow): string {
  const rest = `"changedBy":${JSON.stringify(by)},"changedAt":"${at}"`;
  return `{"id":"${id}","kind":"${kind}","rev":"${rev}","deleted":${deleted === 1},"fields":${fields},${rest}}`;
}
