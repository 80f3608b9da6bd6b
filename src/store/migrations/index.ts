import { FIRST } from "./0001-first.js";
import { CONFLICTS_BY_RECORD } from "./0002-conflicts-by-record.js";

/** Every migration in order; the store's `user_version` counts those applied. Never edit one that was released. */
export const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "0001-first", sql: FIRST },
  { name: "0002-conflicts-by-record", sql: CONFLICTS_BY_RECORD },
];
