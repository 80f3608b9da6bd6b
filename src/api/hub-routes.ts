import { listConflicts, resolveConflict } from "../store/conflicts.js";
import type { Store } from "../store/store.js";
import { type App, answers, docs } from "./app.js";
import type { HubPorts } from "./ports.js";
import {
  conflictsAnswer,
  idParams,
  metersAnswer,
  resolveAnswer,
  resolveBody,
  ringQuery,
  rungAnswer,
  syncAnswer,
} from "./schemas.js";

/** Meters, conflicts and the sync. */
export function hubRoutes(app: App, ports: HubPorts): void {
  const { store } = ports;

  app.get(
    "/meters",
    {
      schema: {
        ...docs({ summary: "Meters that are attached or known, and what goes on", tag: "meters" }),
        response: answers(200, metersAnswer),
      },
    },
    async () => ({ meters: await ports.meters() }),
  );

  app.get(
    "/conflicts",
    {
      schema: {
        ...docs({ summary: "Fields that were changed on both sides, newest first", tag: "conflicts" }),
        response: answers(200, conflictsAnswer),
      },
    },
    async () => ({ conflicts: await listConflicts(store) }),
  );

  app.post(
    "/conflicts/:id/resolve",
    {
      schema: {
        ...docs({ summary: "Keeps one side of a conflict", tag: "conflicts" }),
        params: idParams,
        body: resolveBody,
        response: answers(200, resolveAnswer),
      },
    },
    async (request) => {
      const { keep } = request.body;
      const at = new Date(ports.now()).toISOString();
      const author = { by: request.by, why: `conflict resolved: kept ${keep}`, at };
      const conflict = await resolveConflict(store, request.params.id, keep, author);
      ports.ringSync("edit");
      return { ...conflict, kept: keep };
    },
  );

  app.get(
    "/sync",
    {
      schema: { ...docs({ summary: "How the sync is", tag: "sync" }), response: answers(200, syncAnswer) },
    },
    async () => ({ ...(await ports.sync()), records: await recordCount(store) }),
  );

  app.post(
    "/sync",
    {
      schema: {
        ...docs({
          summary: "Rings the sync worker; with full=true it compares every record with the cloud",
          tag: "sync",
        }),
        querystring: ringQuery,
        response: answers(202, rungAnswer),
      },
    },
    async (request, reply) => {
      ports.ringSync(request.query.full === "true" ? "full" : "asked");
      return reply.code(202).send({ rung: true });
    },
  );
}

/** Records are numbered from 1 without gaps and never leave the store: the last number is how many there are. */
async function recordCount(store: Store): Promise<number> {
  const last = await store.read
    .selectFrom("records")
    .select((eb) => eb.fn.max("row").as("row"))
    .executeTakeFirst();
  return Number(last?.row ?? 0);
}
