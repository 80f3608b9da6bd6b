import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { asProblem, isProblem, Problem } from "../domain/problem.js";

/** Where in a request something stands, as a person calls it. */
const PLACES: Readonly<Record<string, string>> = {
  querystring: "query",
  params: "path",
  headers: "header",
  body: "body",
};

/** Whatever went wrong with a request as a problem: ours as they are, the library's by their meaning, else INTERNAL. */
export function requestProblem(error: unknown): Problem {
  if (isProblem(error)) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const place = PLACES[error.validationContext ?? ""] ?? "request";
    const faults = error.validation.map(({ instancePath, message }) => {
      const field = instancePath.split("/").filter(Boolean).join(".");
      return `${place}${field === "" ? "" : ` ${field}`}: ${message ?? "is wrong"}`;
    });
    return new Problem("REQUEST_INVALID", `${faults.join("; ")}.`);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new Problem("REQUEST_TOO_LARGE");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return new Problem("REQUEST_NOT_JSON");
  if (error instanceof Error && isClientFault(error)) return new Problem("REQUEST_INVALID", sentence(error.message));
  return asProblem(error);
}

/** True for what the library blames on the request. */
function isClientFault(error: Error): boolean {
  const status = "statusCode" in error ? Number(error.statusCode) : 0;
  return status >= 400 && status < 500;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
