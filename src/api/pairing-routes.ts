import { Problem } from "../domain/problem.js";
import { type App, answers, docs } from "./app.js";
import type { HubPorts } from "./ports.js";
import { idParams, nothing, pairingAnswer, pairingBody, pairingReply, unpairQuery } from "./schemas.js";

/** Pairing with meters over Bluetooth. */
export function pairingRoutes(app: App, ports: HubPorts): void {
  app.post(
    "/pairings",
    {
      schema: {
        ...docs({ summary: "Begins to pair with a Bluetooth meter; its questions come as events", tag: "meters" }),
        body: pairingBody,
        response: answers(202, pairingAnswer),
      },
    },
    async (request, reply) => {
      const started = ports.pairings.start(request.body.port);
      return reply.code(202).header("location", `/api/v1/pairings/${started.pairing}`).send(started);
    },
  );

  app.get(
    "/pairings/:id",
    {
      schema: {
        ...docs({ summary: "How a pairing goes, and what is asked", tag: "meters" }),
        params: idParams,
        response: answers(200, pairingAnswer),
      },
    },
    async ({ params: { id } }) => {
      const status = ports.pairings.status(id);
      if (status === null) throw new Problem("PAIRING_NOT_FOUND");
      return status;
    },
  );

  app.post(
    "/pairings/:id",
    {
      schema: {
        ...docs({ summary: "Answers a pairing's question", tag: "meters" }),
        params: idParams,
        body: pairingReply,
        response: answers(200, pairingAnswer),
      },
    },
    async ({ params: { id }, body }) => ports.pairings.answer(id, body),
  );

  app.delete(
    "/pairings",
    {
      schema: {
        ...docs({ summary: "Forgets a Bluetooth meter: it is not read any more; its records stay", tag: "meters" }),
        querystring: unpairQuery,
        response: answers(204, nothing),
      },
    },
    async (request, reply) => {
      await ports.unpair(request.query.port);
      return reply.code(204).send(null);
    },
  );
}
