import type { FastifyInstance } from "fastify";
import type { Log } from "../domain/clock.js";
import { asProblem, isProblem, type ProblemCode } from "../domain/problem.js";
import { PROBLEMS } from "../domain/problem.table.js";

/** The protocol's words for the problems that it names; the others go out under their own code. */
const WIRE_CODES: Partial<Record<ProblemCode, string>> = {
  SYNC_CURSOR_LOST: "cursor_expired",
  SYNC_MALFORMED: "malformed",
  SYNC_TOO_LARGE: "too_large",
  TOKEN_INVALID: "unauthorized",
  HOST_REFUSED: "host_refused",
};

/** The body of every answer that is an error (protocol, "Errors"). */
export interface WireError {
  readonly code: string;
  readonly message: string;
}

/** An error as status and body. What nobody foresaw is a 500 that tells nothing of the inside. */
export function wireError(error: unknown): { status: number; body: WireError } {
  if (isProblem(error)) {
    const code = WIRE_CODES[error.code] ?? error.code.toLowerCase();
    return { status: PROBLEMS[error.code].http, body: { code, message: error.message } };
  }
  const status = statusOf(error);
  if (status === 413) return { status, body: { code: "too_large", message: "the body is too large" } };
  if (status >= 400 && status < 500) return { status, body: { code: "malformed", message: asProblem(error).message } };
  return { status: 500, body: { code: "internal", message: "something unexpected went wrong in the cloud" } };
}

/** Makes the server answer every error, its own and the framework's, as `{"code", "message"}`. */
export function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler(async (error, request, reply) => {
    const { status, body } = wireError(error);
    if (status >= 500) log.error({ method: request.method, error: asProblem(error).message }, "request failed");
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ code: "not_found", message: "there is no such call" } satisfies WireError),
  );
}

function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return 500;
  return typeof error.statusCode === "number" ? error.statusCode : 500;
}
