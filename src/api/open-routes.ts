import * as z from "zod";
import type { Log } from "../domain/clock.js";
import { type App, docs } from "./app.js";
import type { HubPorts } from "./ports.js";
import { healthAnswer } from "./schemas.js";

/** `/healthz` and `/openapi.json`, which need no token, and `/metrics`, which does. */
export function openRoutes(app: App, ports: HubPorts, log: Log): void {
  app.get(
    "/healthz",
    {
      schema: {
        ...docs({ summary: "200 while ingest works, with what is degraded; 503 else", tag: "hub", open: true }),
        response: { 200: healthAnswer, 503: healthAnswer },
      },
    },
    async (_request, reply) => {
      const health = await ports.health().catch((error: unknown) => {
        log.error({ error: String(error) }, "the hub can't say how it is");
        return { ok: false, degraded: ["hub"] };
      });
      return reply.code(health.ok ? 200 : 503).send({ ok: health.ok, degraded: [...health.degraded] });
    },
  );

  app.get(
    "/metrics",
    {
      schema: {
        ...docs({ summary: "Numbers for Prometheus", tag: "hub" }),
        response: { 200: { description: "Text format 0.0.4.", content: { "text/plain": { schema: z.string() } } } },
      },
    },
    async (_request, reply) =>
      // https://prometheus.io/docs/instrumenting/exposition_formats/
      reply.header("content-type", "text/plain; version=0.0.4; charset=utf-8").send(await ports.metrics()),
  );

  app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) => reply.send(app.swagger()));
}
