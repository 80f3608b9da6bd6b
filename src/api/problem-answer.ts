import type { FastifyReply } from "fastify";
import type { Problem } from "../domain/problem.js";
import { PROBLEMS } from "../domain/problem.table.js";

/** Media type of every error (RFC 9457 section 3). */
export const PROBLEM_TYPE = "application/problem+json";

/** Begins the `type` of every problem, before its code. */
export const PROBLEM_URN = "urn:glucohub:problem:";

/** An error as HTTP tells it (RFC 9457 section 3.1; `code` and `remedy` are our extensions). */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: string;
}

/** The problem as HTTP tells it. */
export function problemBody(problem: Problem): ProblemBody {
  const { title, http, remedy } = PROBLEMS[problem.code];
  return { type: PROBLEM_URN + problem.code, title, status: http, detail: problem.message, code: problem.code, remedy };
}

/** Answers with the problem, and with a challenge where a token is missing (RFC 9110 section 15.5.2). */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const body = problemBody(problem);
  if (body.status === 401) reply.header("www-authenticate", 'Bearer realm="glucohub"');
  // As bytes: the library adds a charset to text, and this media type has none.
  return reply
    .code(body.status)
    .header("content-type", PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(body)));
}
