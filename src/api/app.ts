import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type * as z from "zod";
import { PROBLEM_TYPE } from "./problem-answer.js";
import { problemSchema } from "./schemas.js";

/** The server as routes see it: schemas are zod's. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    /** Name of the token that the request carries; empty where none is asked for. */
    by: string;
  }
}

/** What the document says of a call besides its shapes. */
export interface CallDocs {
  readonly summary: string;
  readonly tag: "records" | "conflicts" | "meters" | "sync" | "imports" | "events" | "hub";
  /** A call that needs no token. */
  readonly open?: boolean;
}

/** The document's part of a call's schema: words, tag, and how it fails. */
export function docs({ summary, tag, open }: CallDocs) {
  return { summary, tags: [tag], ...(open === true ? { security: [] } : {}) };
}

/**
 * The answers of a call for the document: the good one, and a problem for everything else. Answers are not checked
 * against it (see schemas), so neither does the compiler.
 */
export function answers(status: number, schema: z.ZodType): Readonly<Record<string, unknown>> {
  const problem = { description: "A problem.", content: { [PROBLEM_TYPE]: { schema: problemSchema } } };
  return { [status]: schema, "4xx": problem, "5xx": problem };
}
