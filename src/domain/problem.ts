import { PROBLEMS, type Retry } from "./problem.table.js";

/** A permanent code of the table. */
export type ProblemCode = keyof typeof PROBLEMS;

/** Facts that go with a problem; must survive JSON. Never a reading's value together with a person. */
export type ProblemContext = Readonly<Record<string, string | number | boolean | null>>;

/** The one error class: a code of the table, a sentence for this case, and facts. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly context: ProblemContext;

  /**
   * @param code decides retry, HTTP status and exit code
   * @param detail what happened in this case; the table's title stands where it is left out
   */
  constructor(code: ProblemCode, detail?: string, context: ProblemContext = {}, options?: { cause?: unknown }) {
    super(detail ?? PROBLEMS[code].title, options);
    this.code = code;
    this.context = context;
  }

  get retry(): Retry {
    return PROBLEMS[this.code].retry;
  }

  /** What the user can do about it. */
  get remedy(): string {
    return PROBLEMS[this.code].remedy;
  }
}

/** The error as a problem: itself if it is one, else wrapped as INTERNAL with its message. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Problem("INTERNAL", message, {}, { cause: error });
}

/** True if the error is a problem of one of these codes. */
export function isProblem(error: unknown, ...codes: ProblemCode[]): error is Problem {
  return error instanceof Problem && (codes.length === 0 || codes.includes(error.code));
}
