import type { ProblemCode } from "../domain/problem.js";
import { PROBLEMS } from "../domain/problem.table.js";
import type { Cli } from "./cli.js";

/** What a session or an import ended with. */
export interface SessionEnd {
  readonly code: ProblemCode;
  readonly detail: string;
  /** Something had been told before. */
  readonly partial: boolean;
}

/**
 * The exit code of a command whose source ended with this: 3 where it was read in part, unless it was the store that
 * failed; else what the table of problems says.
 */
export function exitOf({ code, partial }: Pick<SessionEnd, "code" | "partial">): 1 | 2 | 3 {
  return partial && !code.startsWith("STORE_") ? 3 : PROBLEMS[code].exit;
}

/** Says how it ended, with what to do, and sets the exit code. */
export function tellEnd(cli: Cli, end: SessionEnd): void {
  cli.out.note(`glucohub: ${end.detail}`, `  ${PROBLEMS[end.code].remedy}`);
  cli.exitCode = exitOf(end);
}
