import { statisticsOf } from "../store/statistics.js";
import { type App, answers, docs } from "./app.js";
import type { HubPorts } from "./ports.js";
import { statisticsAnswer, statisticsQuery } from "./schemas.js";

/** `/statistics`: how many records there are, and what the glucose readings come to. */
export function statisticsRoutes(app: App, { store }: HubPorts): void {
  app.get(
    "/statistics",
    {
      schema: {
        ...docs({ summary: "Counts records and sums up glucose; what came by two ways counts once", tag: "records" }),
        querystring: statisticsQuery,
        response: answers(200, statisticsAnswer),
      },
    },
    ({ query }) => statisticsOf(store, query),
  );
}
