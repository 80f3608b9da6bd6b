import { IncomingMessage } from "node:http";
import * as z from "zod";
import { Problem } from "../domain/problem.js";
import { type App, answers, docs } from "./app.js";
import { fileName } from "./file-name.js";
import type { HubPorts } from "./ports.js";
import { idParams, importAnswer, importQuery, importStarted } from "./schemas.js";

/** Imports: the body goes to the hub as it comes, of any size and type, and never into memory. */
export function importRoutes(app: App, ports: HubPorts): void {
  app.get(
    "/imports/:id",
    {
      schema: {
        ...docs({ summary: "How far an import is", tag: "imports" }),
        params: idParams,
        response: answers(200, importAnswer),
      },
    },
    async ({ params: { id } }) => {
      const status = ports.importStatus(id);
      if (status === null) throw new Problem("IMPORT_NOT_FOUND", `There is no import ${id}.`);
      return status;
    },
  );

  app.register(async (raw: App) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    raw.post(
      "/imports",
      {
        // A type that is none at all is no reason to refuse a file: its content decides.
        onRequest: async (request) => {
          request.raw.headers["content-type"] = "application/octet-stream";
        },
        schema: {
          ...docs({ summary: "Imports a health export; X-Filename may carry its name", tag: "imports" }),
          consumes: ["application/octet-stream"],
          querystring: importQuery,
          body: z.unknown().meta({ type: "string", format: "binary" }),
          response: answers(202, importStarted),
        },
      },
      async (request, reply) => {
        const { body, headers, query } = request;
        const empty = headers["content-length"] === "0" || !(body instanceof IncomingMessage);
        if (empty) throw new Problem("REQUEST_INVALID", "body: must be the file.");
        const name = fileName(one(headers["x-filename"]), one(headers["content-disposition"]));
        const started = await ports.startImport(name, body, query["date-order"] ?? null);
        return reply.code(202).header("location", `/api/v1/imports/${started.import}`).send(started);
      },
    );
  });
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
