import { FIRST_POSTGRES } from "./0001-first.postgres.js";
import { HEARD_HERE_POSTGRES } from "./0002-heard-here.postgres.js";
import { CURSORS_POSTGRES } from "./0003-cursors.postgres.js";
import { CORRECTIONS_POSTGRES } from "./0004-corrections.postgres.js";
import { TWINS_POSTGRES } from "./0005-twins.postgres.js";

/** The migrations of `index.ts` on PostgreSQL: the same names in the same order, noted in the table `migrations`. */
export const POSTGRES_MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "0001-first", sql: FIRST_POSTGRES },
  { name: "0002-heard-here", sql: HEARD_HERE_POSTGRES },
  { name: "0003-cursors", sql: CURSORS_POSTGRES },
  { name: "0004-corrections", sql: CORRECTIONS_POSTGRES },
  { name: "0005-twins", sql: TWINS_POSTGRES },
];
