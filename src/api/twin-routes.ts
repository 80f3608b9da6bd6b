import { listTwins, undoTwins } from "../store/twins.js";
import { type App, answers, docs } from "./app.js";
import type { HubPorts } from "./ports.js";
import { idParams, nothing, twinsAnswer, twinsQuery } from "./schemas.js";

/** Every call under `/twins`: measurements that came both from a meter and in an export. */
export function twinRoutes(app: App, ports: HubPorts): void {
  const { store } = ports;

  app.get(
    "/twins",
    {
      schema: {
        ...docs({
          summary: "Measurements that came both from a meter and in an export; each counts once",
          tag: "records",
        }),
        querystring: twinsQuery,
        response: answers(200, twinsAnswer),
      },
    },
    ({ query }) => listTwins(store, query),
  );

  app.delete(
    "/twins/:id",
    {
      schema: {
        ...docs({ summary: "Undoes the link of that record, of either side, for good: both count", tag: "records" }),
        params: idParams,
        response: answers(204, nothing),
      },
    },
    async (request, reply) => {
      await undoTwins(store, request.params.id, { by: request.by, at: new Date(ports.now()).toISOString() });
      return reply.code(204).send(null);
    },
  );
}
