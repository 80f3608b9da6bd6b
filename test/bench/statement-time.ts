import Database from "better-sqlite3";

/** Time spent in SQLite by this process. */
export interface StatementTime {
  /** Milliseconds in commits, which wait for the disk. */
  readonly commitsMs: number;
  /** Milliseconds in all others, and in preparing them. */
  readonly othersMs: number;
  readonly commits: number;
  readonly statements: number;
}

/** Adds up the time of every statement of this process until it is told to stop. */
export interface StatementWatch {
  /** What was added up since the last call. */
  take(): StatementTime;
  stop(): void;
}

/** What the methods of a statement have in common. */
type Method = (this: { readonly source: string }, ...values: unknown[]) => unknown;

/**
 * Watches the library through which the store speaks to SQLite: each statement's time from call to return, whoever
 * prepared it. One watch at a time.
 */
export function watchStatements(): StatementWatch {
  const probe = new Database(":memory:");
  const statements = Object.getPrototypeOf(probe.prepare("SELECT 1")) as Record<"run" | "get" | "all", Method>;
  const databases = Object.getPrototypeOf(probe) as { prepare: (sql: string) => unknown };
  probe.close();
  let sum = { commitsMs: 0, othersMs: 0, commits: 0, statements: 0 };
  const add = (sql: string, start: number): void => {
    const ms = performance.now() - start;
    if (/^commit$/i.test(sql)) sum = { ...sum, commitsMs: sum.commitsMs + ms, commits: sum.commits + 1 };
    else sum = { ...sum, othersMs: sum.othersMs + ms, statements: sum.statements + 1 };
  };
  const before = { run: statements.run, get: statements.get, all: statements.all };
  for (const name of ["run", "get", "all"] as const) {
    const method = before[name];
    statements[name] = function timed(...values) {
      const start = performance.now();
      try {
        return method.apply(this, values);
      } finally {
        add(this.source, start);
      }
    };
  }
  const { prepare } = databases;
  databases.prepare = function timed(sql) {
    const start = performance.now();
    try {
      return prepare.call(this, sql);
    } finally {
      sum = { ...sum, othersMs: sum.othersMs + performance.now() - start };
    }
  };
  return {
    take() {
      const taken = sum;
      sum = { commitsMs: 0, othersMs: 0, commits: 0, statements: 0 };
      return taken;
    },
    stop() {
      Object.assign(statements, before);
      databases.prepare = prepare;
    },
  };
}
