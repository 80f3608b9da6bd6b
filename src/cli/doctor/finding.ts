/** What one look of the doctor found. */
export interface Finding {
  /** What was looked at. */
  readonly check: string;
  /** `bad`: something does not work; `warn`: it works, but not as it could. */
  readonly state: "ok" | "warn" | "bad";
  /** One sentence. */
  readonly detail: string;
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null;
}

/** All is well. */
export function ok(check: string, detail: string): Finding {
  return { check, state: "ok", detail, remedy: null };
}

/** It works, but not as it could. */
export function warn(check: string, detail: string, remedy: string): Finding {
  return { check, state: "warn", detail, remedy };
}

/** Something does not work. */
export function bad(check: string, detail: string, remedy: string): Finding {
  return { check, state: "bad", detail, remedy };
}
