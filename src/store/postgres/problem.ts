import { isProblem, Problem } from "../../domain/problem.js";

/** SQLSTATE (PostgreSQL's appendix "Error Codes"), whole or its class, and what it means for a person. */
const BY_STATE: readonly (readonly [state: string, code: "BUSY" | "FULL" | "RULE" | "UNREACHABLE" | "UNUSABLE"])[] = [
  ["55P03", "BUSY"], // lock not available: lock_timeout
  ["57014", "BUSY"], // query canceled: statement_timeout
  ["40", "BUSY"], // transaction rollback: deadlock, serialization
  ["53100", "FULL"], // disk full
  ["53", "UNREACHABLE"], // insufficient resources: too many connections, out of memory
  ["08", "UNREACHABLE"], // connection exception
  ["57P", "UNREACHABLE"], // shutdown, crash of another connection, starting up
  ["25P03", "UNREACHABLE"], // idle_in_transaction_session_timeout
  ["25006", "UNREACHABLE"], // a standby that has not become the primary yet takes no writes
  ["25", "RULE"], // goes on after a statement failed
  ["P0001", "RULE"], // raised by a trigger of ours
  ["42501", "RULE"], // insufficient privilege
  ["22", "RULE"], // data exception
  ["23", "RULE"], // integrity constraint violation
];

/** What the operating system says when there is no way to a server. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN)$/;
/** What the library says of a connection that ended or never came about; it gives no code for these. */
const ENDED =
  /^(Connection terminated|timeout expired|Query read timeout|Client (has encountered|was closed)|timeout exceeded when)/;

/** True if there is no connection (any more), whatever was asked. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return AWAY.test(code) || ENDED.test(error.message) || meaningOf(code) === "UNREACHABLE";
}

/**
 * What an error of the database means for a person; a problem, and an error that is not the database's, stay what they
 * are.
 *
 * @param where the address for people
 */
export function postgresProblem(error: unknown, where: string): unknown {
  if (isProblem(error) || !(error instanceof Error)) return error;
  const message = messageOf(error);
  const code = codeOf(error);
  const options = { cause: bare(error) };
  if (message.includes("another sync worker holds the lease")) return new Problem("LEASE_LOST", undefined, {}, options);
  if (isAway(error))
    return new Problem("STORE_UNREACHABLE", `The database at ${where} can't be reached: ${message}.`, {}, options);
  const meaning = meaningOf(code);
  if (meaning === "BUSY") return new Problem("STORE_BUSY", undefined, {}, options);
  if (meaning === "FULL") return new Problem("STORE_FULL", undefined, {}, options);
  if (meaning === "RULE") return new Problem("STORE_RULE", message, {}, options);
  if (isState(code))
    return new Problem("STORE_UNUSABLE", `The database at ${where} can't be used: ${message}.`, {}, options);
  return error;
}

/** The error without what hangs on it: a connection, and in `detail` the content of a row, which belongs in no log. */
function bare(error: Error): Error {
  return Object.assign(new Error(messageOf(error)), { code: codeOf(error) });
}

/** A host of several addresses gives an error for each, and the whole has no words of its own. */
function messageOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? first.message : error.message;
}

/** An SQLSTATE has five signs, as has EPIPE. */
function isState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !AWAY.test(code);
}

function meaningOf(code: string): string | undefined {
  return isState(code) ? BY_STATE.find(([state]) => code.startsWith(state))?.[1] : undefined;
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
